import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { ClientMessage } from '../../../src/client/client-message.ts';
import { connectCluster, type ClusterClient } from '../../../src/client/cluster-client.ts';
import { unary } from '../../../src/rpc/binding.ts';
import { openChannel } from '../../../src/rpc/channel.ts';
import { serve } from '../../../src/rpc/serve.ts';
import { Code, RpcError } from '../../../src/rpc/status.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import { forEachMessage } from '../../../src/wire/frame-splitter.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { ObserverService, TelemetryService } from '../../../src/wire/services.ts';
import { FakeAgent, flow, until } from '../relay/fake-agent.ts';
import { FakeStockRelay } from '../relay/fake-stock-relay.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function startAgent(listen?: string, telemetry = true): Promise<FakeAgent> {
  const agent = new FakeAgent('n');
  if (telemetry) agent.telemetry = [{ nodes: [{ name: 'n' }] }] as unknown as FakeAgent['telemetry'];
  await agent.start(listen);
  closers.push(() => agent.stop());
  return agent;
}

function connect(server: string): { client: ClusterClient; messages: ClientMessage[]; words: () => string; uuids: () => string } {
  const messages: ClientMessage[] = [];
  const client = connectCluster({ server, random: () => 0 });
  closers.push(() => client.close());
  client.subscribe((message) => messages.push(message));
  return {
    client,
    messages,
    words: () => messages.map((message) => (message.type === 'connection' ? message.state : message.type === 'flows-state' ? `flows-${message.isOpen}` : message.type)).join(' '),
    uuids: () => messages.flatMap((message) => {
      const found: string[] = [];
      if (message.type === 'flows') forEachMessage(message.bytes, (start, end) => found.push(GetFlowsResponseCodec.decode(message.bytes.subarray(start, end)).flow?.uuid ?? '?'));
      return found;
    }).join(' '),
  };
}

test('connectCluster() gives telemetry at once and flows when asked, and ends them without telemetry noticing', async () => {
  const agent = await startAgent();
  agent.history = [flow('n', 1)];
  const { client, words, uuids } = connect(agent.address);
  await until(() => words() === 'connecting live telemetry');
  client.setFlowsRequest({ number: 5n, follow: true });
  await until(() => uuids() === 'n-1');
  client.setFlowsRequest(null);
  await until(() => agent.followerCount === 0);
  expect(words()).toBe('connecting live telemetry flows-true flows flows-false');
});

test('connectCluster() says that a stock Hubble has no telemetry', async () => {
  const agent = await startAgent(undefined, false);
  const { words } = connect(agent.address);
  await until(() => words().startsWith('connecting live telemetry-absent'));
});

test('connectCluster() takes a gate that lets nobody through to telemetry for a server without it', async () => {
  const server = await serve({
    listen: ['127.0.0.1:0'],
    services: [{ path: TelemetryService.Watch.path, kind: 'stream', run: () => Promise.reject(new RpcError(Code.PERMISSION_DENIED, 'no')) }, unary(ObserverService.ServerStatus, () => ({ version: 'cilium v1.19.4' }))],
  });
  closers.push(() => server.close());
  const { words } = connect(server.addresses[0] ?? '');
  await until(() => words().startsWith('connecting live telemetry-absent nodes'));
});

test('connectCluster() asks a stock relay for its nodes and its status', async () => {
  const relay = await new FakeStockRelay(['node-a', 'node-b']).start();
  closers.push(() => relay.stop());
  relay.setState('node-b', 'NODE_UNAVAILABLE');
  const { messages, words } = connect(relay.address);
  await until(() => words().includes('nodes'));
  expect(words()).toBe('connecting live telemetry-absent nodes');
  expect(messages.at(-1)).toMatchObject({
    type: 'nodes', status: { version: 'hubble-relay v1.19.4', num_connected_nodes: { value: 1 } },
    nodes: [{ name: 'node-a', version: 'cilium v1.19.4+gabc123', state: 1, tls: { enabled: true }, max_flows: 4095n }, { name: 'node-b', state: 2 }],
  });
  expect(messages.at(-1)).not.toHaveProperty('error');
});

test('connectCluster() says why there is no connection, when it tries again, and comes back', async () => {
  const agent = await startAgent();
  const { address } = agent;
  await agent.stop();
  const { messages, words } = connect(address);
  await until(() => words().startsWith('connecting lost'));
  expect(messages[1]).toEqual({ type: 'connection', state: 'lost', error: `cannot connect to ${address}: connection refused (nothing listens there)`, retryInMs: 250 });
  await startAgent(address);
  await until(() => words().endsWith('live telemetry'));
});

test('connectCluster() resumes flows after a break: nothing twice, nothing missed', async () => {
  const agent = await startAgent();
  const { client, uuids, words } = connect(agent.address);
  client.setFlowsRequest({ number: 5n, follow: true, whitelist: [{ verdict: [1] }] });
  await until(() => agent.followerCount === 1);
  agent.send(flow('n', 100), flow('n', 200));
  await until(() => uuids() === 'n-100 n-200');
  await agent.stop();
  const again = new FakeAgent('n');
  again.history = [flow('n', 100), flow('n', 150), flow('n', 200), flow('n', 300)];
  await again.start(agent.address);
  closers.push(() => again.stop());
  await until(() => uuids().endsWith('n-300'));
  expect(uuids()).toBe('n-100 n-200 n-150 n-300');
  expect(again.requests[0]?.since).toBeDefined();
  expect(again.requests[0]?.number).toBeUndefined();
  expect(again.requests[0]?.whitelist).toEqual([{ verdict: [1] }]);
  expect(words()).toContain('lost');
});

test('connectCluster() reports a request that the server refuses', async () => {
  const agent = await startAgent();
  const { client, messages } = connect(agent.address);
  client.setFlowsRequest({ follow: true, whitelist: [{ source_pod: ['bad'] }] });
  await until(() => messages.some((message) => message.type === 'flows-state' && message.error === 'invalid filter'));
});

test('connectCluster() leaves a server that answers and then never reports', async () => {
  const agent = new FakeAgent('n');
  agent.telemetry = [] as unknown as FakeAgent['telemetry'];
  await agent.start();
  closers.push(() => agent.stop());
  const { messages } = connect(agent.address);
  await until(() => messages.some((message) => message.type === 'connection' && message.state === 'lost' && /no telemetry for 5 s/.test(message.error ?? '')));
}, 15_000);

test('a channel knows of bytes on their way before the whole of a message is there', async () => {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    // a prefix that promises a thousand bytes, and one of them
    stream.write(Uint8Array.of(0, 0, 0, 3, 0xe8, 1));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  closers.push(() => { server.close(); });
  const channel = openChannel(parseTarget(`127.0.0.1:${(server.address() as AddressInfo).port}`));
  closers.push(() => channel.close());
  expect(channel.lastBytesMs).toBe(-Infinity);
  let batches = 0;
  await channel.frames(ObserverService.GetFlows, {}, () => { batches++; });
  await until(() => channel.lastBytesMs > 0);
  expect(batches).toBe(0);
});

test('connectCluster() throws for an address that is none', () => {
  expect(() => connectCluster({ server: 'http://x:y' })).toThrow(/is not an address/);
});
