import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RingReader } from '../../../agent/decode/ring-reader.ts';
import { loadObject, type BpfObject } from '../../../agent/kernel/bpf-object.ts';
import { openRing } from '../../../agent/kernel/ring.ts';
import { runOnPacket } from '../../../agent/kernel/test-run.ts';
import { missingForKernelTests, objectPath } from './scratch-namespaces.ts';

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: agent/kernel with a loaded object: ${missing}`);

const ringBytes = 1 << 16;

/** An Ethernet frame with a SYN from 10.0.0.1 and the given port to 10.0.0.2:80. */
function synFrom(port: number): Uint8Array {
  return Uint8Array.from([
    2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
    0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    port >> 8, port & 255, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0,
  ]);
}

describe.skipIf(missing !== undefined)('a loaded object', () => {
  let object: BpfObject;
  beforeAll(() => {
    object = loadObject(readFileSync(objectPath), { maxEntries: { ht_urgent: ringBytes, ht_bulk: ringBytes, ht_addresses: 100 } });
  });
  afterAll(() => object?.close());

  test('has its maps in the sizes it was given', () => {
    expect(object.map('ht_urgent').maxEntries).toBe(ringBytes);
    expect(object.map('ht_addresses')).toMatchObject({ keySize: 20, valueSize: 12, maxEntries: 100 });
    expect(() => object.map('ht_nothing')).toThrow('the kernel programs have no map ht_nothing');
  });

  test('BpfMap reads back what it wrote, in single lookups and in walks of many batches', () => {
    const map = object.map('ht_devices');
    const key = (number: number): Uint8Array => new Uint8Array(new Uint32Array([number]).buffer);
    const value = (number: number): Uint8Array => new Uint8Array(new Uint32Array([number, number * 2, 0, 0]).buffer);
    for (let number = 1; number <= 3000; number++) map.update(key(number), value(number));
    const seen = new Map<number, number>();
    map.forEach((bytes, found) => seen.set(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true), new DataView(found.buffer, found.byteOffset).getUint32(4, true)));
    expect(seen.size).toBe(3000);
    expect([...seen].every(([number, twice]) => twice === number * 2)).toBe(true);
    expect(map.lookup(key(77))).toEqual(value(77));
    expect(map.delete(key(77))).toBe(true);
    expect(map.delete(key(77))).toBe(false);
    expect(map.lookup(key(77))).toBeUndefined();
    for (let number = 1; number <= 3000; number++) map.delete(key(number));
    map.forEach(() => expect.unreachable());
  });

  test('BpfMap takes a row of a per-CPU map out with its last value', () => {
    const map = object.map('ht_pairs');
    const key = new Uint8Array(map.keySize).fill(7);
    const value = new Uint8Array(map.valueStride * map.valuesPerKey).fill(3);
    map.update(key, value);
    expect(map.take(key)).toEqual(value);
    expect(map.take(key)).toBeUndefined();
    expect(map.lookup(key)).toBeUndefined();
  });

  test('BpfMap says when a map is full, and refuses keys and values of a wrong size', () => {
    const map = object.map('ht_addresses');
    const results = [...Array(101).keys()].map((number) => map.tryUpdate(new Uint8Array(20).fill(number), new Uint8Array(12)));
    expect(results.slice(0, 100).every((result) => result === 0)).toBe(true);
    expect(results[100]).toBeLessThan(0);
    expect(() => map.lookup(new Uint8Array(4))).toThrow('takes keys of 20 bytes');
    expect(() => map.update(new Uint8Array(20), new Uint8Array(4))).toThrow('takes values of 12 bytes');
  });

  test('openRing() reads on through many rounds of a small ring, no record split or lost', () => {
    const ring = openRing({ kind: 'mmap', lane: 0, mapFd: object.map('ht_urgent').fd, sizeBytes: ringBytes });
    const reader = new RingReader(ring);
    const ports: number[] = [];
    for (let port = 1; port <= 3000; port++) {
      expect(runOnPacket(object, 'ht_from_endpoint', synFrom(port)).returned).toBe(-1);
      if (port % 100 !== 0) continue;
      reader.refresh();
      for (; reader.peek(); reader.take()) ports.push((reader.words[reader.recordWord + 22] ?? 0) & 0xffff);
      reader.publish();
    }
    expect(ports).toEqual(Array.from({ length: 3000 }, (_, index) => index + 1));
    expect(reader.badCount).toBe(0);
    ring.close();
  });

  test('openRing() works in another thread with nothing but the descriptor\'s number', async () => {
    const source = { kind: 'mmap', lane: 0, mapFd: object.map('ht_urgent').fd, sizeBytes: ringBytes };
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const koffi = require('koffi');
       const mmap = koffi.load('libc.so.6').func('void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)');
       parentPort.postMessage(new BigUint64Array(koffi.view(mmap(null, 4096, 1, 1, workerData.mapFd, 4096), 8))[0]);`,
      { eval: true, workerData: source },
    );
    const produced = await new Promise((resolve, reject) => {
      worker.on('message', resolve);
      worker.on('error', reject);
    });
    await worker.terminate();
    expect(produced).toBe(3000n * 152n);
  });

  test('loadObject() refuses a damaged file and an impossible size in one line', () => {
    expect(() => loadObject(new Uint8Array(1000))).toThrow(/^the kernel programs cannot be read[^\n]*$/);
    expect(() => loadObject(readFileSync(objectPath), { maxEntries: { ht_config: 0 } })).toThrow(/^the kernel refused the programs: EINVAL[^\n]*$/);
    expect(() => loadObject(readFileSync(objectPath), { maxEntries: { ht_nowhere: 1 } })).toThrow('have no map ht_nowhere');
  });
});
