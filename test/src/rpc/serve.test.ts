import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { frameStream, serverStream, unary, type Binding } from '../../../src/rpc/binding.ts';
import { Channel, openChannel } from '../../../src/rpc/channel.ts';
import { forEachMessage, frameOf } from '../../../src/wire/frame-splitter.ts';
import { openFlows, type FlowsSession } from '../../../src/rpc/flows-session.ts';
import { maxCalls, maxRunningRequestBytes, serve, type RpcServer, type ServeOptions } from '../../../src/rpc/serve.ts';
import { Code, RpcError } from '../../../src/rpc/status.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import type { ClientTls } from '../../../src/rpc/tls-files.ts';
import { EchoService, TextCodec } from './text-codec.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const bytes = (text: string): Uint8Array => TextCodec.encode(text);
const errors: Error[] = [];

const services: Binding[] = [
  unary(EchoService.Echo, (request, _signal, info) => {
    if (request === 'refuse') throw new RpcError(Code.INVALID_ARGUMENT, 'não: 100 % refused');
    if (request === 'crash') throw new Error('a bug of ours');
    return `${request} ${info.metadata['authorization'] ?? '-'}`;
  }),
  serverStream(EchoService.Count, async (request, out, signal) => {
    for (let i = 0; i < Number(request) && !signal.aborted; i++) if (!out.write(String(i))) await out.drain();
    if (request === '3') throw new RpcError(Code.DATA_LOSS, 'after three');
    if (request === 'forever') await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  }),
];

async function start(options: Partial<ServeOptions> = {}): Promise<{ server: RpcServer; channel: Channel }> {
  const server = await serve({ listen: ['127.0.0.1:0'], services, headers: { 'hubble-server-version': '1.19.4+hubtop' }, onError: (error) => errors.push(error), ...options });
  closers.push(() => server.close());
  const channel = openChannel(parseTarget(server.addresses[0] ?? ''), { metadata: { authorization: 'Basic eA==' } });
  closers.push(() => channel.close());
  return { server, channel };
}

test('unary() carries a message, metadata and the version header', async () => {
  const { channel } = await start();
  let version: string | undefined;
  const answer = await channel.unary(EchoService.Echo, 'hello', { onHeaders: (headers) => { version = headers['hubble-server-version']; } });
  expect(answer).toBe('hello Basic eA==');
  expect(version).toBe('1.19.4+hubtop');
  expect(channel.state).toBe('ready');
});

test('unary() gives what the handler refused with, and UNKNOWN for a bug of ours', async () => {
  const { channel } = await start();
  await expect(channel.unary(EchoService.Echo, 'refuse')).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT, message: 'não: 100 % refused' });
  await expect(channel.unary(EchoService.Echo, 'crash')).rejects.toMatchObject({ code: Code.UNKNOWN, message: 'a bug of ours' });
  expect(errors.map((error) => error.message)).toContain('a bug of ours');
});

test('unary() gives UNIMPLEMENTED for a method the server does not have', async () => {
  const { channel } = await start({ services: [] });
  await expect(channel.unary(EchoService.Echo, 'x')).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
});

test('unary() gives INTERNAL for an answer that cannot be decoded', async () => {
  const { channel } = await start({ services: [unary(EchoService.Echo, () => 'bad')] });
  await expect(channel.unary(EchoService.Echo, 'x')).rejects.toMatchObject({ code: Code.INTERNAL });
});

test('stream() gives every message in order, then the status', async () => {
  const { channel } = await start();
  const all: string[] = [];
  for await (const message of channel.stream(EchoService.Count, '20000')) all.push(message);
  expect(all).toEqual(Array.from({ length: 20000 }, (_, i) => String(i)));
  const three: string[] = [];
  await expect((async () => { for await (const message of channel.stream(EchoService.Count, '3')) three.push(message); })())
    .rejects.toMatchObject({ code: Code.DATA_LOSS, message: 'after three' });
  expect(three).toEqual(['0', '1', '2']);
});

test('leaving the loop of stream() cancels the handler', async () => {
  let aborted = (): void => {};
  const seen = new Promise<void>((resolve) => { aborted = resolve; });
  const { channel } = await start({
    services: [serverStream(EchoService.Count, async (_request, out, signal) => {
      signal.addEventListener('abort', aborted);
      out.write('one');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    })],
  });
  for await (const message of channel.stream(EchoService.Count, '')) {
    expect(message).toBe('one');
    break;
  }
  await seen;
});

test('an AbortSignal ends a running call with CANCELLED, a deadline with DEADLINE_EXCEEDED', async () => {
  const { channel } = await start();
  const abort = new AbortController();
  const running = await openFlows(channel, EchoService.Count, 'forever', { onBatch: () => {}, signal: abort.signal, onHeaders: () => abort.abort() });
  await expect(running.done).rejects.toMatchObject({ code: Code.CANCELLED });
  const late = await openFlows(channel, EchoService.Count, 'forever', { onBatch: () => {}, timeoutMs: 30 });
  await expect(late.done).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test('frameStream() batches arrive as whole frames and may be reused after write()', async () => {
  const reused = new Uint8Array(64 * 1024);
  const rounds = 100;
  const { channel } = await start({
    services: [frameStream(EchoService.Frames, async (_request, out, signal) => {
      for (let round = 0; round < rounds && !signal.aborted; round++) {
        let length = 0;
        for (const word of ['a', 'bb', 'x'.repeat(700)]) {
          const frame = frameOf(bytes(`${round}${word}`));
          reused.set(frame, length);
          length += frame.length;
        }
        if (!out.write(reused.subarray(0, length))) await out.drain();
        reused.fill(0xff, 0, length);
      }
    })],
  });
  const messages: string[] = [];
  const call = await openFlows(channel, EchoService.Frames, '', {
    onBatch: (frames) => forEachMessage(frames, (begin, end) => messages.push(TextCodec.decode(frames.subarray(begin, end)))),
  });
  await call.done;
  expect(messages).toEqual(Array.from({ length: rounds }, (_, round) => [`${round}a`, `${round}bb`, `${round}${'x'.repeat(700)}`]).flat());
  expect(call.received.frames).toBe(3 * rounds);
});

test('a paused reader holds the server back instead of filling memory', async () => {
  const frame = frameOf(new Uint8Array(1000));
  let written = 0;
  let blocked: (value: number) => void = () => {};
  const heldBack = new Promise<number>((resolve) => { blocked = resolve; });
  const total = 4000;
  const { channel } = await start({
    services: [frameStream(EchoService.Frames, async (_request, out) => {
      while (written < total) {
        written++;
        if (out.write(frame)) continue;
        const timer = setTimeout(() => blocked(written), 50);
        await out.drain();
        clearTimeout(timer);
      }
    })],
  });
  const call = await openFlows(channel, EchoService.Frames, '', { onBatch: () => {} });
  call.pause();
  expect(await heldBack).toBeLessThan(1500);
  call.resume();
  await call.done;
  expect(call.received.frames).toBe(total);
});

test('a call in flight ends with UNAVAILABLE when the server closes, and the channel connects again later', async () => {
  const { server, channel } = await start();
  const call = await openFlows(channel, EchoService.Count, 'forever', { onBatch: () => {} });
  await server.close();
  await expect(call.done).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  await expect(channel.unary(EchoService.Echo, 'x')).rejects.toMatchObject({ code: Code.UNAVAILABLE, message: /connection refused/ });
  expect(channel.state).toBe('failed');
  const again = await serve({ listen: [server.addresses[0] ?? ''], services });
  closers.push(() => again.close());
  expect(await channel.unary(EchoService.Echo, 'x')).toBe('x Basic eA==');
});

test('serve() says in one line that a port is taken', async () => {
  const { server } = await start();
  await expect(serve({ listen: [server.addresses[0] ?? ''], services })).rejects.toThrow(
    `cannot listen on ${server.addresses[0]}: address in use (is another hubtop or hubble-relay running?)`);
});

test('serve() refuses plaintext where other machines could reach it, unless told', async () => {
  await expect(serve({ listen: ['0.0.0.0:0'], services })).rejects.toThrow(/^cannot listen on 0\.0\.0\.0:0 without TLS/);
  const { server } = await start({ listen: [':0'], insecure: true });
  expect(server.addresses[0]).toMatch(/^(\[::\]|0\.0\.0\.0):\d+$/);
});

test('serve() on a unix socket takes over a stale file, refuses a live one and cleans up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-rpc-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'deep/hubble.sock');
  const first = await start({ listen: [`unix://${path}`] });
  expect(await first.channel.unary(EchoService.Echo, 'x')).toBe('x Basic eA==');
  await expect(serve({ listen: [path], services })).rejects.toThrow(/address in use/);
  await first.server.close();
  expect(existsSync(path)).toBe(false);
  // what a killed process leaves: a socket nobody accepts on
  spawnSync(process.execPath, ['-e', 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))', path]);
  expect(existsSync(path)).toBe(true);
  const third = await start({ listen: [path] });
  expect(await third.channel.unary(EchoService.Echo, 'y')).toBe('y Basic eA==');
}, 10_000);

test('a server that is no gRPC server gives UNAVAILABLE, not a hang', async () => {
  const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  closers.push(() => void plain.close());
  const channel = openChannel({ kind: 'tcp', host: '127.0.0.1', port: (plain.address() as AddressInfo).port, tls: false });
  closers.push(() => channel.close());
  await expect(channel.unary(EchoService.Echo, 'x')).rejects.toMatchObject({ code: Code.UNAVAILABLE });
});

test('a missing certificate is one line that names the file', async () => {
  await expect(serve({ listen: ['0.0.0.0:0'], services, tls: { certFile: '/nowhere/tls.crt', keyFile: '/nowhere/tls.key' } }))
    .rejects.toThrow(/cannot read server certificate \/nowhere\/tls\.crt/);
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)('TLS: 1.3 only, the name is verified, mTLS refuses a caller without a certificate', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-tls-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=relay.test',
    '-addext', 'subjectAltName=DNS:relay.test', '-keyout', keyFile, '-out', certFile]);
  const secured = await start({ tls: { certFile, keyFile } });
  const target = parseTarget(secured.server.addresses[0] ?? '');
  expect(secured.server.addresses[0]).toMatch(/^tls:\/\/127\.0\.0\.1:\d+$/);
  const open = (tls: ClientTls): Channel => {
    const channel = openChannel(target, { tls });
    closers.push(() => channel.close());
    return channel;
  };
  expect(await open({ caCertFiles: [certFile], serverName: 'relay.test' }).unary(EchoService.Echo, 'x')).toBe('x -');
  expect(await open({ allowInsecure: true }).unary(EchoService.Echo, 'x')).toBe('x -');
  await expect(open({ caCertFiles: [certFile], serverName: 'other.test' }).unary(EchoService.Echo, 'x')).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  await expect(open({}).unary(EchoService.Echo, 'x')).rejects.toThrow(/self-signed/);
  const old = connectTls({ host: '127.0.0.1', port: target.kind === 'tcp' ? target.port : 0, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
  await new Promise((resolve, reject) => old.once('error', resolve).once('secureConnect', () => reject(new Error('TLS 1.2 was accepted'))));

  const plain = await start();
  const wrong = openChannel(parseTarget(`tls://${plain.server.addresses[0]}`), { tls: { allowInsecure: true } });
  closers.push(() => wrong.close());
  await expect(wrong.unary(EchoService.Echo, 'x')).rejects.toThrow(/does the server speak TLS/);
  const plaintext = openChannel({ ...target, tls: false } as typeof target, {});
  closers.push(() => plaintext.close());
  await expect(plaintext.unary(EchoService.Echo, 'x')).rejects.toThrow(/does it expect TLS/);

  const mutual = await start({ tls: { certFile, keyFile, clientCaFiles: [certFile] } });
  const mutualTarget = parseTarget(mutual.server.addresses[0] ?? '');
  const bare = openChannel(mutualTarget, { tls: { caCertFiles: [certFile], serverName: 'relay.test' } });
  const known = openChannel(mutualTarget, { tls: { caCertFiles: [certFile], serverName: 'relay.test', clientCertFile: certFile, clientKeyFile: keyFile } });
  closers.push(() => bare.close(), () => known.close());
  await expect(bare.unary(EchoService.Echo, 'x')).rejects.toMatchObject({ code: Code.UNAVAILABLE, message: /wants a client certificate/ });
  expect(await known.unary(EchoService.Echo, 'x')).toBe('x -');
}, 20_000);

test('serve() leaves a file alone that is no socket, and gives its socket to the owner and his group only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-listen-'));
  closers.push(() => { rmSync(folder, { recursive: true, force: true }); });
  const plain = join(folder, 'precious.txt');
  writeFileSync(plain, 'keep');
  await expect(start({ listen: [`unix://${plain}`] })).rejects.toThrow(/something else than a socket is there/);
  expect(readFileSync(plain, 'utf8')).toBe('keep');
  const path = join(folder, 'hubtop.sock');
  await start({ listen: [`unix://${path}`] });
  expect(statSync(path).mode & 0o777).toBe(0o660);
});

test('a request that cannot be decoded is the caller\'s fault, and one that is too long is refused', async () => {
  errors.length = 0;
  const { channel } = await start();
  await expect(channel.unary({ ...EchoService.Echo, request: { ...TextCodec, name: 'any' } }, 'bad')).rejects.toMatchObject({ code: Code.INTERNAL, message: /unmarshalling/ });
  const fields = { ...EchoService.Echo, request: { ...TextCodec, encode: () => new Uint8Array(500_000).fill(8) } };
  await expect(channel.unary(fields, '')).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message: /more than 32768 fields/ });
  await expect(channel.unary(EchoService.Echo, 'x'.repeat(600_000))).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  expect(errors).toEqual([]);
});

test('serve() runs a bounded number of calls and says so to the next', async () => {
  const { server, channel } = await start();
  const target = parseTarget(server.addresses[0] ?? '');
  const channels = Array.from({ length: 3 }, () => openChannel(target));
  closers.push(...channels.map((one) => () => { one.close(); }));
  const opened: Promise<unknown>[] = [];
  for (let index = 0; index < maxCalls; index++) {
    const one = channels[index % 3];
    if (one === undefined) continue;
    opened.push(new Promise((resolve, reject) => {
      openFlows(one, EchoService.Count, 'forever', { onBatch: () => {}, onHeaders: resolve }).catch(reject);
    }));
  }
  await Promise.all(opened);
  const oneMore = async (): Promise<unknown> => { for await (const message of channel.stream(EchoService.Count, '1')) return message; };
  await expect(oneMore()).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message: /too many calls/ });
  expect(await channel.unary(EchoService.Echo, 'questions are answered')).toMatch(/^questions/);
  channels[0]?.close();
  for (;;) {
    const answer = await oneMore().catch(() => undefined);
    if (answer !== undefined) break;
  }
}, 20_000);

test('serve() bounds the requests of all running calls together, and forgets those that ended', async () => {
  const { channel } = await start();
  const request = `forever${' '.repeat(400_000)}`;
  const method = { ...EchoService.Count, request: TextCodec };
  const waiting = { services: [serverStream(method, (_request, _out, signal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())))] };
  const { channel: busy } = await start(waiting);
  const running = await Promise.all(Array.from({ length: Math.floor(maxRunningRequestBytes / request.length) }, () => new Promise<FlowsSession>((resolve, reject) => {
    let opened = (): void => {};
    const headers = new Promise<void>((done) => { opened = done; });
    openFlows(busy, method, request, { onBatch: () => {}, onHeaders: opened }).then((session) => headers.then(() => { resolve(session); }), reject);
  })));
  const oneMore = (): Promise<void> => openFlows(busy, method, request, { onBatch: () => {}, timeoutMs: 300 }).then((session) => session.done);
  await expect(oneMore()).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message: /too long requests/ });
  for (const session of running) session.cancel();
  for (;;) {
    const reason: unknown = await oneMore().catch((error: unknown) => error);
    if (reason instanceof RpcError && reason.code === Code.DEADLINE_EXCEEDED) break;
  }
  expect(await channel.unary(EchoService.Echo, 'x')).toMatch(/^x/);
}, 20_000);
