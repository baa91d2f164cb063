import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { runInNewContext } from 'node:vm';
import { BinaryReader, BinaryWriter } from 'google-protobuf';
import { describe, expect, test } from 'vitest';
import { pruneGoogleProtobuf } from '../../../src/wire/prune-google-protobuf.mjs';
import { seededRandom } from '../seeded-random.ts';

type Library = { BinaryReader: typeof BinaryReader; BinaryWriter: typeof BinaryWriter };

const source = readFileSync(createRequire(import.meta.url).resolve('google-protobuf'), 'utf8');
const pruned = pruneGoogleProtobuf(source);

// globals of this realm, so that arrays and errors are comparable
function load(text: string): Library {
  const exported = {};
  runInNewContext(text, { exports: exported, Uint8Array, ArrayBuffer, DataView, TextEncoder, TextDecoder, BigInt, Error, Array, Object, Number, String, Math, Symbol, Buffer });
  return exported as Library;
}

const library = load(pruned);

function write({ BinaryWriter: Writer }: Library, random: () => number): Uint8Array {
  const writer = new Writer();
  for (let field = 1; field < 9; field++) {
    const number = Math.floor(random() * 2 ** 31);
    writer.writeUint32(field, number);
    writer.writeInt32(field + 10, -number);
    writer.writeUint64(field + 20, BigInt(number) * 4_000_000_001n);
    writer.writeBytes(field + 30, new Uint8Array([number & 255, 0, 255]));
    writer.writeDouble(field + 40, random());
    writer.writeMessage(field + 50, {}, (_message, inner) => inner.writeBool(1, number % 2 === 0));
  }
  return writer.getResultBuffer();
}

function read({ BinaryReader: Reader }: Library, bytes: Uint8Array): unknown[] {
  const values: unknown[] = [];
  try {
    const reader = new Reader(bytes);
    while (reader.nextField()) {
      const field = reader.getFieldNumber();
      if (field < 10) values.push(reader.readUint32());
      else if (field < 20) values.push(reader.readInt32());
      else if (field < 30) values.push(String(reader.readUint64()));
      else if (field < 40) values.push([...reader.readBytes()]);
      else if (field < 50) values.push(reader.readDouble());
      else reader.skipField();
    }
  } catch (error) {
    values.push(String(error));
  }
  return values;
}

describe('pruneGoogleProtobuf() with the names that are used', () => {
  const used = ['writeUint32', 'writeInt32', 'writeUint64', 'writeBytes', 'writeDouble', 'writeMessage', 'writeBool', 'getResultBuffer', 'nextField', 'getFieldNumber', 'readUint32', 'readInt32', 'readUint64', 'readBytes', 'readDouble', 'skipField'];
  const text = pruneGoogleProtobuf(source, new Set(used));

  test('leaves other methods out', () => {
    expect(text.length).toBeLessThan(pruned.length * 0.8);
    const { BinaryReader: Reader } = load(text);
    expect('readString' in Reader.prototype).toBe(false);
    expect('readString' in library.BinaryReader.prototype).toBe(true);
  });

  test('writes the same bytes, reads the same values, and fails in the same words', () => {
    const random = seededRandom(98);
    for (let seed = 1; seed <= 50; seed++) {
      const bytes = write({ BinaryReader, BinaryWriter }, seededRandom(seed));
      expect([...write(load(text), seededRandom(seed))]).toEqual([...bytes]);
      const broken = bytes.slice(0, Math.floor(random() * bytes.length));
      if (broken.length > 0) broken[Math.floor(random() * broken.length)] = Math.floor(random() * 256);
      for (const one of [bytes, broken]) expect(read(load(text), one)).toEqual(read({ BinaryReader, BinaryWriter }, one));
    }
  });
});

describe('pruneGoogleProtobuf()', () => {
  test('leaves less than half of the file', () => {
    expect(pruned.length).toBeLessThan(source.length / 2);
  });

  test('writes the same bytes and reads the same values as the whole library', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const bytes = write({ BinaryReader, BinaryWriter }, seededRandom(seed));
      expect([...write(library, seededRandom(seed))]).toEqual([...bytes]);
      expect(read(library, bytes)).toEqual(read({ BinaryReader, BinaryWriter }, bytes));
    }
  });

  test('fails in the same words on bytes that are cut or broken', () => {
    const bytes = write({ BinaryReader, BinaryWriter }, seededRandom(7));
    const random = seededRandom(99);
    for (let i = 0; i < 300; i++) {
      const broken = bytes.slice(0, Math.floor(random() * bytes.length));
      if (broken.length > 0) broken[Math.floor(random() * broken.length)] = Math.floor(random() * 256);
      expect(read(library, broken)).toEqual(read({ BinaryReader, BinaryWriter }, broken));
    }
  });

  test('says so when the library is another one', () => {
    expect(() => pruneGoogleProtobuf('var goog = {};')).toThrow('google-protobuf has changed');
  });
});
