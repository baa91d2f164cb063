import protobuf from 'google-protobuf';
import { readText, writeText } from './coding.ts';
import { type ProtoFile, protoFiles } from './gen/descriptors.ts';

// grpc.reflection.v1 and v1alpha, which differ in their name only. Written by hand: a oneof of texts, one of which
// is usually empty, needs the presence that our codecs leave out.

/** The service's names, newest first. */
export const reflectionServices = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'] as const;

const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

interface Question {
  /** Number of the request's oneof field; 0 where it has none. */
  field: number;
  text: string;
}

type Writer = InstanceType<typeof protobuf.BinaryWriter>;

/** Answers one ServerReflectionRequest of a server with these services. Throws on bytes that are no message. */
export function answerReflection(request: Uint8Array, services: readonly string[]): Uint8Array {
  const question = readQuestion(request);
  const writer = new protobuf.BinaryWriter();
  writer.writeBytes(2, request);
  writeAnswer(writer, question, services);
  return writer.getResultBuffer();
}

function readQuestion(request: Uint8Array): Question {
  const reader = new protobuf.BinaryReader(request);
  let question: Question = { field: 0, text: '' };
  while (reader.nextField()) {
    const field = reader.getFieldNumber();
    if ([3, 4, 6, 7].includes(field)) question = { field, text: readText(reader) };
    else {
      if (field === 5) question = { field, text: '' };
      reader.skipField();
    }
  }
  return question;
}

function writeAnswer(writer: Writer, { field, text }: Question, services: readonly string[]): void {
  if (field === 7) {
    writer.writeMessage(6, services, (names, list) => {
      for (const name of names) list.writeMessage(1, name, (one, service) => writeText(service, 1, one));
    });
  } else if (field === 3 || field === 4) {
    const file = field === 3 ? protoFiles.find(({ name }) => name === text) : fileOfSymbol(text);
    if (file === undefined) writeError(writer, NOT_FOUND, `${field === 3 ? 'no such file' : 'no such symbol'}: ${text}`);
    else writer.writeMessage(4, withImports(file), (files, list) => { for (const { base64 } of files) list.writeBytes(1, Buffer.from(base64, 'base64')); });
  } else {
    writeError(writer, UNIMPLEMENTED, 'there are no extensions here');
  }
}

function writeError(writer: Writer, code: number, message: string): void {
  writer.writeMessage(7, message, (text, error) => {
    error.writeInt32(1, code);
    writeText(error, 2, text);
  });
}

/** The file that declares a symbol, or the message, enum or service that a symbol is part of. */
function fileOfSymbol(symbol: string): ProtoFile | undefined {
  for (let name = symbol; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const found = protoFiles.find(({ prefix, declares }) => name.startsWith(prefix) && declares.split(' ').includes(name.slice(prefix.length)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A file and all that it needs: one answer is enough. */
function withImports(file: ProtoFile): ProtoFile[] {
  const names = new Set([file.name]);
  for (const name of names) {
    for (const dependency of protoFiles.find((one) => one.name === name)?.dependencies.split(' ') ?? []) if (dependency !== '') names.add(dependency);
  }
  return [...names].flatMap((name) => protoFiles.find((one) => one.name === name) ?? []);
}
