import { credentials, Metadata, makeGenericClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { protoFiles } from '../../src/wire/gen/descriptors.ts';
import { startHubtop } from './hubtop-process.ts';

const PATH = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

test('the bundle unpacks its descriptors byte for byte', async () => {
  const relay = startHubtop(['relay', '--peers', '127.0.0.1:1', '--listen', '127.0.0.1:0']);
  const raw = (bytes: Buffer): Buffer => bytes;
  const definition: ServiceDefinition = { talk: { path: PATH, requestStream: true, responseStream: true, requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw } };
  try {
    const [, address = ''] = await relay.waitFor(/ready (\S+)/, 15_000);
    const client = new (makeGenericClientConstructor(definition, 'x'))(address, credentials.createInsecure());
    const call = client.makeBidiStreamRequest(PATH, raw, raw, new Metadata());
    const answers: Buffer[] = [];
    call.on('data', (answer: Buffer) => answers.push(answer));
    // field 3 of the request: a file by its name
    for (const { name } of protoFiles) call.write(Buffer.concat([Buffer.from([3 << 3 | 2, name.length]), Buffer.from(name)]));
    call.end();
    await new Promise((resolve, reject) => { call.on('end', resolve).on('error', reject); });
    client.close();
    expect(answers).toHaveLength(protoFiles.length);
    protoFiles.forEach(({ name, base64 }, i) => expect(answers[i]?.includes(Buffer.from(base64, 'base64')), name).toBe(true));
  } finally {
    await relay.stop();
  }
});
