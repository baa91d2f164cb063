import { credentials, Metadata, makeGenericClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';
import { createRequire } from 'node:module';
import { afterEach, expect, test } from 'vitest';
import { serverStream, unary } from '../../../src/rpc/binding.ts';
import { reflectionService } from '../../../src/rpc/reflection.ts';
import { serve } from '../../../src/rpc/serve.ts';
import { ObserverService, PeerService } from '../../../src/wire/services.ts';

// google-protobuf's own reader of descriptors
const { FileDescriptorProto } = createRequire(import.meta.url)('google-protobuf/google/protobuf/descriptor_pb.js') as
  { FileDescriptorProto: { deserializeBinary(bytes: Uint8Array): { getName(): string; getMessageTypeList(): { getName(): string; getFieldList(): { getName(): string }[] }[] } } };

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => { for (const close of closers.splice(0).toReversed()) await close(); });

/** A field of one byte of tag and one of length. */
const field = (number: number, text: string): Buffer => Buffer.concat([Buffer.from([number << 3 | 2, text.length]), Buffer.from(text)]);

/** Field number and bytes of each field of a message of delimited fields. */
function fieldsOf(bytes: Buffer): [number, Buffer][] {
  const fields: [number, Buffer][] = [];
  for (let at = 0; at < bytes.length;) {
    const number = (bytes[at] ?? 0) >> 3;
    let length = 0;
    let shift = 0;
    for (at++; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (number !== 1 || bytes[at - 2] !== 8) fields.push([number, bytes.subarray(at, at + length)]);
    at += length;
  }
  return fields;
}

/** Asks a real server with a stranger's client, several questions on one call. */
async function ask(path: string, questions: readonly Buffer[]): Promise<[number, Buffer][][]> {
  const bindings = [unary(ObserverService.GetNodes, () => ({})), serverStream(PeerService.Notify, async () => {})];
  const server = await serve({ listen: ['127.0.0.1:0'], services: [...bindings, ...reflectionService(bindings)], headers: { 'hubble-server-version': '1' } });
  const raw = (bytes: Buffer): Buffer => bytes;
  const definition: ServiceDefinition = { talk: { path, requestStream: true, responseStream: true, requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw } };
  const client = new (makeGenericClientConstructor(definition, 'x'))(server.addresses[0] ?? '', credentials.createInsecure());
  closers.push(() => server.close(), () => client.close());
  const call = client.makeBidiStreamRequest(path, raw, raw, new Metadata());
  const answers: [number, Buffer][][] = [];
  call.on('data', (answer: Buffer) => answers.push(fieldsOf(answer)));
  for (const question of questions) call.write(question);
  call.end();
  await new Promise((resolve, reject) => { call.on('end', resolve).on('error', reject); });
  return answers;
}

test.each(['v1', 'v1alpha'])('reflection %s lists the services, and gives a symbol its file with all it imports', async (version) => {
  const [list, symbol, method, file] = await ask(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    [field(7, ''), field(4, 'flow.FlowFilter.Experimental'), field(4, 'observer.Observer.GetFlows'), field(3, 'peer/peer.proto')]);
  const names = fieldsOf(list?.find(([number]) => number === 6)?.[1] ?? Buffer.alloc(0)).map(([, service]) => fieldsOf(service)[0]?.[1].toString());
  expect(names).toEqual(['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection', 'observer.Observer', 'peer.Peer']);
  const filesOf = (answer: [number, Buffer][] | undefined): ReturnType<typeof FileDescriptorProto.deserializeBinary>[] =>
    fieldsOf(answer?.find(([number]) => number === 4)?.[1] ?? Buffer.alloc(0)).map(([, bytes]) => FileDescriptorProto.deserializeBinary(bytes));
  const flow = filesOf(symbol);
  expect(flow.map((one) => one.getName())).toEqual(['flow/flow.proto', 'google/protobuf/any.proto', 'google/protobuf/wrappers.proto', 'google/protobuf/timestamp.proto']);
  expect(flow[0]?.getMessageTypeList().find((message) => message.getName() === 'Flow')?.getFieldList().map((one) => one.getName())).toContain('Summary');
  expect(filesOf(method)[0]?.getName()).toBe('observer/observer.proto');
  expect(filesOf(file).map((one) => one.getName())).toEqual(['peer/peer.proto']);
});

test('reflection answers what it does not have with an error of its own, and nonsense with one of gRPC', async () => {
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const answers = await ask(path, [field(4, 'no.Such'), field(3, 'x.proto'), field(6, 'flow.Flow'), Buffer.alloc(0)]);
  expect(answers.map((answer) => answer.at(-1)?.[0])).toEqual([7, 7, 7, 7]);
  await expect(ask(path, [Buffer.from([0xff])])).rejects.toMatchObject({ code: 3 });
});
