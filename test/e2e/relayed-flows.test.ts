import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, startAgent, startDrain } from '../../agent/agent.ts';
import { catalogFromObjects } from '../../agent/catalog/catalog-from-objects.ts';
import { buildTrafficPlan } from '../../agent/demo/fleet-traffic.ts';
import { buildFleet } from '../../agent/demo/fleet.ts';
import { type SimKernel, createSimKernel } from '../../agent/sim/sim-kernel.ts';
import { type Relay, startRelay } from '../../src/relay/relay.ts';
import { Channel } from '../../src/rpc/channel.ts';
import { parseTarget } from '../../src/rpc/target.ts';
import type { GetFlowsRequest, GetFlowsResponse } from '../../src/wire/gen/observer.ts';
import { NodeState } from '../../src/wire/gen/relay.ts';
import { ObserverService, TelemetryService } from '../../src/wire/services.ts';

// The rules of GetFlows through a real relay on real agents, whose simulated time stands still: every answer can be
// compared with what the agents themselves say.

const SECOND = 1_000_000_000n;
const fleet = buildFleet(2);
const names = ['node-01', 'node-02'];
const drain = startDrain();
let kernels: SimKernel[];
let agents: Agent[];
let relay: Relay;
let channels: Channel[];
let relayed: Channel;

beforeAll(async () => {
  const startNs = process.hrtime.bigint() - 60n * SECOND;
  kernels = names.map((nodeName, index) => createSimKernel({
    nodeName, seed: 7 + index, plan: buildTrafficPlan(fleet, 400), startNs, ringBytes: [1 << 20, 1 << 20],
    cpus: 2, conntrackMax: 4096, kernelConntrackFill: 0.2, bootId: nodeName,
  }));
  agents = await Promise.all(kernels.map((kernel, index) => startAgent({
    nodeName: names[index] ?? '', kernel: { kind: 'kernel', kernel: { ...kernel, nowNs: () => process.hrtime.bigint() } },
    catalog: catalogFromObjects(fleet.objects), listen: ['127.0.0.1:0'], drain,
  })));
  for (const kernel of kernels) {
    kernel.step(startNs + 10n * SECOND);
    // lets go of a record that the step left busy: it would stand late in its history
    kernel.sweep({ all: true });
  }
  channels = agents.map((agent) => new Channel(parseTarget(agent.addresses[0] ?? '')));
  relay = await startRelay({ peers: agents.map((agent) => agent.addresses[0] ?? ''), listen: ['127.0.0.1:0'], name: 'relay-1' });
  relayed = new Channel(parseTarget(relay.addresses[0] ?? ''));
  await Promise.all(channels.map(untilComplete));
});

afterAll(async () => {
  for (const channel of [relayed, ...channels]) channel.close();
  await relay.close();
  for (const agent of agents) await agent.close();
  for (const kernel of kernels) kernel.close();
  drain.close();
});

/** A simulated kernel leaves a record busy for a moment: complete is when all that happened is reported. */
async function untilComplete(channel: Channel): Promise<void> {
  for await (const { nodes } of channel.stream(TelemetryService.Watch, {})) {
    const [trace] = nodes?.[0]?.events ?? [];
    if ((trace?.happened ?? 0) > 100 && trace?.happened === trace?.reported) return;
  }
}

async function collect(channel: Channel, request: GetFlowsRequest, enough = Number.POSITIVE_INFINITY): Promise<GetFlowsResponse[]> {
  const answers: GetFlowsResponse[] = [];
  for await (const answer of channel.stream(ObserverService.GetFlows, request)) if (answers.push(answer) >= enough) break;
  return answers;
}

const uuids = (answers: readonly GetFlowsResponse[]): string[] => answers.flatMap(({ flow }) => flow?.uuid ?? []);
const timeNs = ({ time }: GetFlowsResponse): bigint => (time?.seconds ?? 0n) * SECOND + BigInt(time?.nanos ?? 0);
const statuses = (answers: readonly GetFlowsResponse[]): unknown[] =>
  answers.flatMap(({ node_status: status, node_name }) => (status === undefined ? [] : [[node_name, status.state_change, status.node_names?.toSorted(), status.message]]));

/** What the agents answer, put in order. */
async function fromAgents(request: GetFlowsRequest): Promise<GetFlowsResponse[]> {
  const all = (await Promise.all(channels.map((channel) => collect(channel, request)))).flat();
  return all.toSorted((one, other) => Number(timeNs(one) - timeNs(other)));
}

test.each<[string, (middle: GetFlowsResponse) => GetFlowsRequest, number?]>([
  ['everything', () => ({})],
  ['the last three of each node', () => ({ number: 3n }), 6],
  ['the first three of each node', () => ({ number: 3n, first: true }), 6],
  ['since a moment', ({ time }) => ({ since: time })],
  ['two of each node since a moment', ({ time }) => ({ since: time, number: 2n }), 4],
  ['until a moment', ({ time }) => ({ until: time })],
  ['the newest, cut by until', ({ time }) => ({ number: 2n, until: time }), 0],
  ['drops', () => ({ whitelist: [{ verdict: [2] }] })],
  ['all but TCP', () => ({ blacklist: [{ protocol: ['tcp'] }] })],
  ['nothing at all', () => ({ blacklist: [{}] }), 0],
])('GetFlows through a relay: %s', async (_name, requestAt, count) => {
  const all = await fromAgents({});
  const request = requestAt(all[Math.floor(all.length / 2)] as GetFlowsResponse);
  const [first, ...flows] = await collect(relayed, request);
  expect(statuses(first === undefined ? [] : [first])).toEqual([['relay-1', NodeState.NODE_CONNECTED, names, undefined]]);
  expect(statuses(flows)).toEqual([]);
  expect(uuids(flows)).toEqual(uuids(await fromAgents(request)));
  if (count !== undefined) expect(flows).toHaveLength(count);
  expect(flows.every(({ flow, node_name, time }) => flow?.node_name === node_name && timeNs({ time: flow?.time }) === timeNs({ time }))).toBe(true);
  expect(flows.some(({ flow }) => flow?.extensions !== undefined)).toBe(false);
});

test('GetFlows through a relay: following shows no watermark and no extension to who asked for none', async () => {
  const answers = await collect(relayed, { follow: true, number: 5n }, 11);
  expect(answers).toHaveLength(11);
  expect(uuids(answers.slice(1))).toEqual(uuids(await fromAgents({ number: 5n })));
  expect(answers.some(({ flow }) => flow?.extensions !== undefined)).toBe(false);
});

test('GetFlows through a relay: a mask without time still brings every flow', async () => {
  const [, ...flows] = await collect(relayed, { field_mask: { paths: ['uuid', 'source.pod_name'] } });
  expect(uuids(flows).toSorted()).toEqual(uuids(await fromAgents({})).toSorted());
  expect(flows.every(({ time, node_name, flow }) => time === undefined && node_name === undefined && flow?.verdict === undefined && flow?.source !== undefined)).toBe(true);
});

test.each<[GetFlowsRequest, string]>([
  [{ whitelist: [{ protocol: ['quic'] }] }, 'invalid protocol filter: unknown protocol: "quic"'],
  [{ first: true, follow: true }, 'rpc error: code = InvalidArgument desc = first cannot be specified with follow'],
])('GetFlows through a relay: %o is refused by each node, in one message', async (request, message) => {
  const answers = await collect(relayed, request, 2);
  expect(statuses(answers.slice(1))).toEqual([['relay-1', NodeState.NODE_ERROR, names, message]]);
});
