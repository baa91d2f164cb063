import * as grpc from '@grpc/grpc-js';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { http2StreamOf, openBatchOut, type BytesCall } from '../../../src/rpc/batch-out.ts';
import { frameStream } from '../../../src/rpc/binding.ts';
import { openChannel } from '../../../src/rpc/channel.ts';
import { serve } from '../../../src/rpc/serve.ts';
import { Code, RpcError } from '../../../src/rpc/status.ts';
import { frameOf } from '../../../src/wire/frame-splitter.ts';
import { EchoService, TextCodec } from './text-codec.ts';

test('this grpc-js still has the HTTP/2 stream of a call where batches are written to', async () => {
  const server = new grpc.Server();
  let found: unknown;
  server.register(EchoService.Count.path, (call: BytesCall) => {
    found = http2StreamOf(call);
    call.end();
  }, (bytes: Uint8Array) => Buffer.from(bytes), (bytes) => bytes, 'serverStream');
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const channel = openChannel({ kind: 'tcp', host: '127.0.0.1', port, tls: false });
  for await (const message of channel.stream(EchoService.Count, '')) expect(message).toBe('nothing');
  channel.close();
  server.forceShutdown();
  expect(found, 'grpc-js has changed: flows go out one call.write at a time, a tenth as fast; see src/rpc/batch-out.ts').toBeDefined();
});

test('openBatchOut() falls back to one write a message where the stream is not found', async () => {
  const written: string[] = [];
  const finished: (() => void)[] = [];
  const call = Object.assign(new EventEmitter(), {
    cancelled: false,
    sendMetadata: () => {},
    write: (message: Uint8Array, done: () => void) => {
      written.push(TextCodec.decode(message));
      finished.push(done);
      return true;
    },
  });
  const out = openBatchOut(call as unknown as BytesCall, new grpc.Metadata());
  const frames = Buffer.concat([frameOf(TextCodec.encode('one')), frameOf(TextCodec.encode('two'))]);
  expect(out.write(frames)).toBe(true);
  frames.fill(0);
  expect(written).toEqual(['one', 'two']);
  expect(out.write(frameOf(new Uint8Array(300 * 1024)))).toBe(false);
  let drained = false;
  const waiting = out.drain().then(() => { drained = true; });
  expect(drained).toBe(false);
  for (const done of finished) done();
  await waiting;
  expect(drained).toBe(true);
});

test('grpc-js\'s own client reads batches as messages, and the status after them', async () => {
  const server = await serve({
    listen: ['127.0.0.1:0'],
    headers: { 'hubble-server-version': '1.19.4' },
    services: [frameStream(EchoService.Frames, async (_request, out) => {
      const batch = Buffer.concat(Array.from({ length: 50 }, (_, i) => frameOf(TextCodec.encode(`${i}`.padEnd(700)))));
      for (let i = 0; i < 20; i++) if (!out.write(batch)) await out.drain();
      throw new RpcError(Code.DATA_LOSS, 'at the end');
    })],
  });
  const client = new grpc.Client(server.addresses[0] ?? '', grpc.credentials.createInsecure());
  const messages: string[] = [];
  const { status, version } = await new Promise<{ status: grpc.StatusObject; version: unknown }>((resolve) => {
    let served: unknown;
    const call = client.makeServerStreamRequest(EchoService.Frames.path, (text: string) => Buffer.from(text), (bytes: Buffer) => bytes.toString().trim(), '');
    call.on('metadata', (metadata: grpc.Metadata) => { served = metadata.get('hubble-server-version')[0]; });
    call.on('data', (message: string) => messages.push(message));
    call.on('error', () => {});
    call.on('status', (ended: grpc.StatusObject) => resolve({ status: ended, version: served }));
  });
  client.close();
  await server.close();
  expect(messages).toEqual(Array.from({ length: 1000 }, (_, i) => String(i % 50)));
  expect(status).toMatchObject({ code: Code.DATA_LOSS, details: 'at the end' });
  expect(version).toBe('1.19.4');
});
