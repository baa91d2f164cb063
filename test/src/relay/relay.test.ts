import { afterEach, beforeEach, expect, test } from 'vitest';
import { Backoff } from '../../../src/lib/backoff.ts';
import { serverStream } from '../../../src/rpc/binding.ts';
import { openChannel, type Channel } from '../../../src/rpc/channel.ts';
import { openFlows } from '../../../src/rpc/flows-session.ts';
import { serve } from '../../../src/rpc/serve.ts';
import { Code } from '../../../src/rpc/status.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import { refusedBackoff, retryAtMs } from '../../../src/relay/relay-flows.ts';
import { startRelay, type Relay } from '../../../src/relay/relay.ts';
import { peekTime } from '../../../src/wire/flow-scan.ts';
import { forEachMessage } from '../../../src/wire/frame-splitter.ts';
import type { Report } from '../../../src/wire/gen/hubtop.ts';
import { GetFlowsResponseCodec, type GetFlowsRequest, type GetFlowsResponse } from '../../../src/wire/gen/observer.ts';
import { ChangeNotificationType, type ChangeNotification } from '../../../src/wire/gen/peer.ts';
import { NodeState } from '../../../src/wire/gen/relay.ts';
import { HealthService, ObserverService, PeerService, TelemetryService } from '../../../src/wire/services.ts';
import { FakeAgent, flow, until } from './fake-agent.ts';

let closers: (() => Promise<void> | void)[] = [];
let agents: FakeAgent[];
let relay: Relay;
let channel: Channel;

async function startWith(options: { telemetry?: boolean } = {}): Promise<void> {
  agents = ['a', 'b', 'c'].map((name) => new FakeAgent(name));
  for (const agent of agents) {
    if (options.telemetry) agent.telemetry = [report(agent.name, 10), report(agent.name, 5)] as unknown as AsyncIterable<Report>;
    await agent.start();
    closers.push(() => agent.stop());
  }
  relay = await startRelay({ peers: agents.map((agent) => `${agent.name}=${agent.address}`), listen: ['127.0.0.1:0'], name: 'relay-1' });
  closers.push(() => relay.close());
  channel = openChannel(parseTarget(relay.addresses[0] ?? ''), { metadata: { authorization: 'Basic eA==' } });
  closers.push(() => channel.close());
}

function agentAt(index: number): FakeAgent {
  const agent = agents[index];
  if (agent === undefined) throw new Error(`no agent ${index}`);
  return agent;
}

function report(node: string, flows: number): Report {
  return { interval_ns: 1e9, nodes: [{ name: node, flows, time: { seconds: 1n } }], verdicts: [{ verdict: 1, flows }] };
}

beforeEach(() => { closers = []; });
afterEach(async () => {
  for (const close of closers.toReversed()) await close();
});

async function flowsOf(request: GetFlowsRequest): Promise<GetFlowsResponse[]> {
  const all: GetFlowsResponse[] = [];
  for await (const response of channel.stream(ObserverService.GetFlows, request)) all.push(response);
  return all;
}

const uuids = (responses: GetFlowsResponse[]): string => responses.flatMap((response) => response.flow?.uuid ?? []).join(' ');
const statuses = (responses: GetFlowsResponse[]): unknown[] =>
  responses.flatMap(({ node_status: status }) => (status ? [[status.state_change, status.node_names, status.message]] : []));

test('GetFlows merges the nodes in order of time, after saying who is there', async () => {
  await startWith();
  agentAt(0).history = [flow('a', 1), flow('a', 4)];
  agentAt(1).history = [flow('b', 2), flow('b', 3), { lost_events: { num_events_lost: 7n }, node_name: 'b', time: flow('b', 5).time }];
  const responses = await flowsOf({ number: 20n });
  expect(statuses(responses)).toEqual([[NodeState.NODE_CONNECTED, ['a', 'b', 'c'], undefined]]);
  expect(responses[0]?.node_name).toBe('relay-1');
  expect(uuids(responses)).toBe('a-1 b-2 b-3 a-4');
  expect(responses.at(-1)?.lost_events?.num_events_lost).toBe(7n);
  expect(agentAt(0).requests[0]).toEqual({ number: 20n });
  expect(agentAt(0).metadata[0]?.['authorization']).toBe('Basic eA==');
  expect(relay.counts).toMatchObject({ late: 0, malformed: 0 });
});

test('GetFlows passes the bytes of flows on unchanged, unknown fields and all', async () => {
  await startWith();
  agentAt(0).history = [flow('a', 1)];
  const expected = GetFlowsResponseCodec.encode(flow('a', 1));
  const found: Uint8Array[] = [];
  const call = await openFlows(channel, ObserverService.GetFlows, {}, {
    onBatch: (frames) => forEachMessage(frames, (start, end) => found.push(frames.slice(start, end))),
  });
  await call.done;
  expect(found.map((bytes) => Buffer.from(bytes).toString('hex'))).toContain(Buffer.from(expected).toString('hex'));
});

test('GetFlows says which nodes are not there and merges equal errors', async () => {
  await startWith();
  await agentAt(2).stop();
  let responses: GetFlowsResponse[] = [];
  for (let tries = 0; tries < 100; tries++) {
    responses = await flowsOf({ whitelist: [{ source_pod: ['bad'] }] });
    if (statuses(responses).some((status) => (status as unknown[])[0] === NodeState.NODE_UNAVAILABLE)) break;
  }
  expect(statuses(responses)).toEqual([
    [NodeState.NODE_CONNECTED, ['a', 'b'], undefined],
    [NodeState.NODE_UNAVAILABLE, ['c'], undefined],
    [NodeState.NODE_ERROR, ['a', 'b'], 'invalid filter'],
  ]);
});

test('following goes on while a node dies and comes back, from where it was', async () => {
  await startWith();
  const seen: GetFlowsResponse[] = [];
  const follow = (async () => {
    for await (const response of channel.stream(ObserverService.GetFlows, { follow: true, number: 5n })) {
      seen.push(response);
      if (response.flow?.uuid === 'b-30') return;
    }
  })();
  await until(() => agents.every((agent) => agent.followerCount === 1));
  for (const agent of agents) agent.watermark(5);
  agentAt(1).send(flow('b', 10));
  agentAt(0).send(flow('a', 11));
  for (const agent of agents) agent.watermark(15);
  await until(() => uuids(seen) === 'b-10 a-11');
  const { address } = agentAt(1);
  await agentAt(1).stop();
  const again = new FakeAgent('b');
  await again.start(address);
  closers.push(() => again.stop());
  await until(() => again.followerCount === 1);
  expect(again.requests[0]?.since).toMatchObject({ seconds: flow('b', 10).time?.seconds, nanos: 10_000_001 });
  expect(again.requests[0]?.number).toBeUndefined();
  again.send(flow('b', 30));
  await follow;
  // agents that give no watermark for a second are behind, and here they stop giving any
  const told = statuses(seen).filter((status) => !String((status as unknown[])[2]).startsWith('behind'));
  expect(told.map((status) => (status as unknown[])[0])).toEqual([NodeState.NODE_CONNECTED, NodeState.NODE_ERROR, NodeState.NODE_CONNECTED]);
  expect((told[1] as unknown[])[2]).toMatch(/^rpc error: code = Unavailable desc = /);
}, 15_000);

test('following asks a node that breaks twice only for what it has not sent yet, also when it sent nothing in between', async () => {
  await startWith();
  const seen: GetFlowsResponse[] = [];
  const stop = new AbortController();
  const follow = (async () => {
    for await (const response of channel.stream(ObserverService.GetFlows, { follow: true, number: 5n }, { signal: stop.signal })) seen.push(response);
  })();
  await until(() => agents.every((agent) => agent.followerCount === 1));
  agentAt(1).send(flow('b', 10));
  await until(() => uuids(seen) === 'b-10');
  const { address } = agentAt(1);
  await agentAt(1).stop();
  for (let breaks = 0; breaks < 2; breaks++) {
    const again = new FakeAgent('b');
    await again.start(address);
    await until(() => again.followerCount === 1);
    expect(again.requests[0]?.since).toMatchObject({ nanos: 10_000_001 });
    expect(again.requests[0]?.number).toBeUndefined();
    await again.stop();
  }
  stop.abort();
  await follow.catch(() => {});
}, 20_000);

test('retryAtMs() asks a node that is there and refuses ever more seldom, and a lost one as soon as it is back', () => {
  const backoff = new Backoff(refusedBackoff, () => 0);
  const waits = Array.from({ length: 7 }, () => retryAtMs(Code.PERMISSION_DENIED, backoff, 1_000) - 1_000);
  expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  expect(retryAtMs(Code.UNAVAILABLE, backoff, 1_000)).toBe(1_000);
});

test('following a node that broke while the client did not read sends nothing twice', async () => {
  await startWith();
  const { address } = agentAt(1);
  const many = Array.from({ length: 6000 }, (_, i) => ({ ...flow('b', i), flow: { ...flow('b', i).flow, Summary: 'x'.repeat(600) } }));
  const found: string[] = [];
  const call = await openFlows(channel, ObserverService.GetFlows, { follow: true }, {
    onBatch: (frames) => forEachMessage(frames, (start, end) => {
      const { flow: one } = GetFlowsResponseCodec.decode(frames.subarray(start, end));
      if (one?.uuid?.startsWith('b-')) found.push(one.uuid);
    }),
  });
  await until(() => agentAt(1).followerCount === 1);
  call.pause();
  agentAt(1).send(...many.slice(0, 2000));
  // more than the client's window, less than what stops the relay from reading
  await new Promise((resolve) => setTimeout(resolve, 300));
  await agentAt(1).stop();
  const again = new FakeAgent('b');
  await again.start(address);
  closers.push(() => again.stop());
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const askedEarly = again.requests.length;
  call.resume();
  await until(() => again.followerCount === 1);
  expect(askedEarly).toBe(0);
  const since = again.requests[0]?.since;
  const last = many.find((one) => one.flow.uuid === found.at(-1))?.time;
  expect(since).toEqual({ seconds: last?.seconds, nanos: (last?.nanos ?? 0) + 1 });
  call.cancel();
  await call.done.catch(() => {});
}, 20_000);

test('Telemetry merges what the nodes counted, each report once, and shows who is unreachable', async () => {
  await startWith({ telemetry: true });
  await agentAt(2).stop();
  let flows = 0;
  for await (const merged of channel.stream(TelemetryService.Watch, {})) {
    flows += merged.verdicts?.[0]?.flows ?? 0;
    const c = merged.nodes?.find((node) => node.name === 'c');
    if (c?.state === 'NODE_UNAVAILABLE' && c.time === undefined) {
      expect(c.message).toMatch(/connection refused|lost/);
      break;
    }
  }
  expect(flows % 5).toBe(0);
}, 15_000);

test('ServerStatus sums, GetNodes lists, GetNamespaces unites, events are refused', async () => {
  await startWith();
  expect(await channel.unary(ObserverService.ServerStatus, {})).toMatchObject({
    num_flows: 30n, max_flows: 12285n, seen_flows: 300n, flows_rate: 4.5, num_connected_nodes: { value: 3 }, num_unavailable_nodes: {}, version: 'hubble-relay v1.19.4+hubtop',
  });
  const { nodes } = await channel.unary(ObserverService.GetNodes, {});
  expect(nodes?.map((node) => [node.name, node.state, node.address])).toEqual(agents.map((agent) => [agent.name, NodeState.NODE_CONNECTED, agent.address]));
  const { namespaces } = await channel.unary(ObserverService.GetNamespaces, {});
  expect(namespaces?.map((entry) => entry.namespace)).toEqual(['a', 'b', 'c', 'shop']);
  await expect(channel.stream(ObserverService.GetAgentEvents, {}).next()).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  expect(await channel.unary(HealthService.Check, { service: 'hubble.server.Observer' })).toEqual({ status: 1 });
  await expect(channel.unary(HealthService.Check, { service: 'observer.Observer' })).rejects.toMatchObject({ code: Code.NOT_FOUND });
});

test('a relay of relays says what one relay says', async () => {
  await startWith();
  agentAt(0).history = [flow('a', 1), flow('a', 4)];
  agentAt(1).history = [flow('b', 2), flow('b', 3)];
  const upper = await startRelay({ peers: [`east=${relay.addresses[0]}`], listen: ['127.0.0.1:0'], name: 'upper' });
  closers.push(() => upper.close());
  channel = openChannel(parseTarget(upper.addresses[0] ?? ''));
  closers.push(() => channel.close());
  const responses = await flowsOf({});
  expect(uuids(responses)).toBe('a-1 b-2 b-3 a-4');
  expect(statuses(responses)).toContainEqual([NodeState.NODE_CONNECTED, ['a', 'b', 'c'], undefined]);
});

test('a peer service names the nodes: added, moved, gone', async () => {
  await startWith();
  agentAt(0).history = [flow('a', 1)];
  agentAt(1).history = [flow('b', 2)];
  let notify: (notice: ChangeNotification) => void = () => {};
  const service = await serve({
    listen: ['127.0.0.1:0'],
    services: [serverStream(PeerService.Notify, async (_request, out, signal) => {
      out.write({ name: 'node-a', address: agentAt(0).address, type: ChangeNotificationType.PEER_ADDED });
      out.write({ name: 'no-address', type: ChangeNotificationType.PEER_ADDED });
      out.write({ name: 'broken', address: 'http://x:y', type: ChangeNotificationType.PEER_ADDED });
      notify = (notice) => void out.write(notice);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    })],
  });
  closers.push(() => service.close());
  const found = await startRelay({ peerService: service.addresses[0], listen: ['127.0.0.1:0'] });
  closers.push(() => found.close());
  channel = openChannel(parseTarget(found.addresses[0] ?? ''));
  closers.push(() => channel.close());
  const nodes = async (): Promise<string[]> => ((await channel.unary(ObserverService.GetNodes, {})).nodes ?? []).map((node) => `${node.name} ${node.address}`);
  const untilNodes = async (expected: string[]): Promise<void> => { while ((await nodes()).join() !== expected.join()) await new Promise((resolve) => setTimeout(resolve, 5)); };
  await untilNodes([`node-a ${agentAt(0).address}`]);
  expect(uuids(await flowsOf({}))).toBe('a-1');
  notify({ name: 'node-a', address: agentAt(1).address, type: ChangeNotificationType.PEER_UPDATED });
  await untilNodes([`node-a ${agentAt(1).address}`]);
  expect(uuids(await flowsOf({}))).toBe('b-2');
  notify({ name: 'node-a', type: ChangeNotificationType.PEER_DELETED });
  await untilNodes([]);
  expect(statuses(await flowsOf({}))).toEqual([]);
});

test('a client that does not read holds the nodes back, and gets every flow when it reads', async () => {
  await startWith();
  const count = 6000;
  for (const [index, agent] of agents.entries()) {
    agent.history = Array.from({ length: count }, (_, i) => ({ ...flow(agent.name, 3 * i + index), flow: { ...flow(agent.name, 3 * i + index).flow, Summary: 'x'.repeat(600) } }));
  }
  const order: number[] = [];
  const call = await openFlows(channel, ObserverService.GetFlows, {}, {
    onBatch: (frames) => forEachMessage(frames, (start, end) => {
      const time = { seconds: 0, nanos: 0 };
      if (frames[start] === 0x0a && peekTime(frames, start, end, time)) order.push(time.seconds * 1e3 + time.nanos / 1e6);
    }),
  });
  call.pause();
  await until(() => agents.every((agent) => agent.requests.length === 1));
  await new Promise((resolve) => setTimeout(resolve, 300));
  call.resume();
  await call.done;
  expect(order).toHaveLength(3 * count);
  expect(order).toEqual(order.toSorted((one, other) => one - other));
});

test('a relay that was given addresses learns the names of nodes from their first headers', async () => {
  await startWith({ telemetry: true });
  const bare = await startRelay({ peers: agents.map((agent) => agent.address), listen: ['127.0.0.1:0'] });
  closers.push(() => bare.close());
  channel = openChannel(parseTarget(bare.addresses[0] ?? ''));
  closers.push(() => channel.close());
  let names: (string | undefined)[] = [];
  while (names.join() !== 'a,b,c') names = ((await channel.unary(ObserverService.GetNodes, {})).nodes ?? []).map((node) => node.name);
  expect(statuses(await flowsOf({}))).toEqual([[NodeState.NODE_CONNECTED, ['a', 'b', 'c'], undefined]]);
});
