import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Agent, startAgent } from '../../agent/agent.ts';
import { catalogFromObjects } from '../../agent/catalog/catalog-from-objects.ts';
import { buildFleet } from '../../agent/demo/fleet.ts';
import { buildTrafficPlan } from '../../agent/demo/fleet-traffic.ts';
import type { Kernel } from '../../agent/decode/kernel.ts';
import { type SimKernel, createSimKernel } from '../../agent/sim/sim-kernel.ts';
import { Channel } from '../../src/rpc/channel.ts';
import { parseTarget } from '../../src/rpc/target.ts';
import type { AgentEvent, Flow } from '../../src/wire/gen/flow.ts';
import { type FlowExtension, FlowExtensionCodec, FlowsOptionsCodec, type Report } from '../../src/wire/gen/hubtop.ts';
import type { GetFlowsRequest, GetFlowsResponse } from '../../src/wire/gen/observer.ts';
import { HealthService, OBSERVER_HEALTH_NAME, ObserverService, PeerService, TelemetryService } from '../../src/wire/services.ts';

const SECOND = 1_000_000_000n;
const fleet = buildFleet(3);
const catalog = catalogFromObjects(fleet.objects);

let kernel: SimKernel;
let agent: Agent;
let channel: Channel;
let isSweeping = true;

beforeEach(async () => {
  const startNs = process.hrtime.bigint() - 60n * SECOND;
  kernel = createSimKernel({
    nodeName: 'node-01', seed: 7, plan: buildTrafficPlan(fleet, 400), startNs, ringBytes: [1 << 20, 1 << 20],
    cpus: 2, conntrackMax: 4096, kernelConntrackFill: 0.2, bootId: 'boot',
  });
  isSweeping = true;
  const still: Kernel = { ...kernel, nowNs: () => process.hrtime.bigint(), sweep: (which) => { if (isSweeping) kernel.sweep(which); } };
  agent = await startAgent({ nodeName: 'node-01', kernel: { kind: 'kernel', kernel: still }, catalog, listen: ['127.0.0.1:0'], history: { rows: 4095 } });
  channel = new Channel(parseTarget(agent.addresses[0] ?? ''));
  // long ago for the drain, which therefore takes all of it at once
  kernel.step(startNs + 10n * SECOND);
});

afterEach(async () => {
  channel.close();
  await agent.close();
  kernel.close();
});

async function collect(request: GetFlowsRequest, enough = Number.POSITIVE_INFINITY): Promise<GetFlowsResponse[]> {
  const answers: GetFlowsResponse[] = [];
  for await (const answer of channel.stream(ObserverService.GetFlows, request)) {
    answers.push(answer);
    if (answers.length >= enough) break;
  }
  return answers;
}

/** The simulated time stands still, so a first answer with flows holds them all. */
async function flowsOf(request: GetFlowsRequest): Promise<Flow[]> {
  for (;;) {
    const whole = await collect({});
    if (whole.length > 100) break;
  }
  return (await collect(request)).flatMap((answer) => (answer.flow === undefined ? [] : [answer.flow]));
}

const uuids = (flows: readonly Flow[]): (string | undefined)[] => flows.map((flow) => flow.uuid);

describe('startAgent()', () => {
  test('serves what a node saw, with names on both ends, in order of time', async () => {
    // simulated time stands still: a sweep's rows would be of the same moment, but drained on a wall clock that went on
    isSweeping = false;
    const flows = await flowsOf({});
    const times = flows.map((flow) => (flow.time?.seconds ?? 0n) * SECOND + BigInt(flow.time?.nanos ?? 0));
    expect(times).toEqual(times.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0)));
    expect(new Set(uuids(flows)).size).toBe(flows.length);
    const named = flows.filter((flow) => flow.source?.pod_name !== undefined && flow.destination?.pod_name !== undefined);
    expect(named.length).toBeGreaterThan(flows.length / 4);
    expect(named[0]).toMatchObject({ node_name: 'node-01', Type: 1, emitter: { name: 'Hubble' }, IP: { ipVersion: 1 } });
    expect(flows.every((flow) => flow.extensions === undefined)).toBe(true);
  });

  test('counts from the new end, from the old end and from a moment', async () => {
    const all = await flowsOf({});
    expect(uuids(await flowsOf({ number: 5n }))).toEqual(uuids(all.slice(-5)));
    expect(uuids(await flowsOf({ number: 5n, first: true }))).toEqual(uuids(all.slice(0, 5)));
    const middle = all[50]?.time;
    const since = await flowsOf({ since: middle, number: 3n });
    expect(uuids(since)).toEqual(uuids(all.filter((flow) => compare(flow, all[50]) >= 0).slice(0, 3)));
    expect(uuids(await flowsOf({ until: middle }))).toEqual(uuids(all.filter((flow) => compare(flow, all[50]) <= 0)));
  });

  test('filters, and says what a bad filter is', async () => {
    const dropped = await flowsOf({ whitelist: [{ verdict: [2] }] });
    expect(dropped.length).toBeGreaterThan(0);
    expect(dropped.every((flow) => flow.verdict === 2 && flow.is_reply === undefined)).toBe(true);
    const hidden = await flowsOf({ blacklist: [{ verdict: [2] }], whitelist: [{ source_pod: ['payments/'] }] });
    expect(hidden.every((flow) => flow.verdict === 1 && flow.source?.namespace === 'payments')).toBe(true);
    await expect(collect({ first: true, follow: true })).rejects.toMatchObject({ code: 3, message: 'first cannot be specified with follow' });
    await expect(collect({ whitelist: [{ protocol: ['nonsense'] }] })).rejects.toMatchObject({ code: 2, message: 'invalid protocol filter: unknown protocol: "nonsense"' });
  });

  test('cuts flows down to a field mask', async () => {
    const [answer] = await (await flowsOf({}), collect({ number: 1n, field_mask: { paths: ['source.pod_name', 'verdict'] } }));
    expect(answer?.time).toBeUndefined();
    expect(Object.keys(answer?.flow ?? {}).toSorted()).toEqual(['source', 'verdict']);
  });

  test('sends extensions and watermarks to those who ask', async () => {
    const value = FlowsOptionsCodec.encode({ flow_extension: true, watermarks: true });
    const request: GetFlowsRequest = { follow: true, number: 10n, extensions: { type_url: 'type.googleapis.com/hubtop.v1.FlowsOptions', value } };
    await flowsOf({});
    const answers = await collect(request, 12);
    const extensions: FlowExtension[] = answers.slice(0, 10).map((answer) => FlowExtensionCodec.decode(answer.flow?.extensions?.value ?? new Uint8Array(0)));
    expect(extensions.every((extension) => extension.why !== '')).toBe(true);
    expect(answers[10]?.flow?.extensions?.type_url).toBe('type.googleapis.com/hubtop.v1.Watermark');
    expect(answers[10]?.node_name).toBe('node-01');
    expect(compareTimes(answers[11], answers[10])).toBeGreaterThan(0);
  });

  test('follows what is new', async () => {
    await flowsOf({});
    const stream = collect({ follow: true }, 20);
    let nowNs = kernel.nowNs();
    const moving = setInterval(() => kernel.step(nowNs += SECOND / 10n), 10);
    const answers = await stream;
    clearInterval(moving);
    expect(answers).toHaveLength(20);
  });

  test('tells its status, namespaces, peers and health', async () => {
    const flows = await flowsOf({});
    const status = await channel.unary(ObserverService.ServerStatus, {});
    expect(status).toMatchObject({ max_flows: 4095n, num_flows: BigInt(flows.length), seen_flows: BigInt(flows.length), version: 'cilium v1.19.4+hubtop' });
    expect(await channel.unary(HealthService.Check, { service: OBSERVER_HEALTH_NAME })).toEqual({ status: 1 });
    await expect(channel.unary(HealthService.Check, { service: 'nobody' })).rejects.toMatchObject({ code: 5 });
    await expect(channel.unary(ObserverService.GetNodes, {})).rejects.toMatchObject({ code: 12, message: 'GetNodes not implemented' });
    const peers: string[] = [];
    for await (const peer of channel.stream(PeerService.Notify, {})) if (peers.push(peer.name ?? '') === 3) break;
    expect(peers.toSorted()).toEqual(['node-01', 'node-02', 'node-03']);
  });

  test('reports telemetry whose ledger balances', async () => {
    await flowsOf({});
    const reports: Report[] = [];
    // the simulated kernel now and then leaves a record busy for a moment: then the next report balances
    for await (const report of channel.stream(TelemetryService.Watch, {})) if (reports.push(report) === 4 || isBalanced(report)) break;
    const node = reports.at(-1)?.nodes?.[0];
    expect(node).toMatchObject({ name: 'node-01', history: { capacity: 4095 } });
    for (const ledger of node?.events ?? []) {
      const lost = (ledger.losses ?? []).reduce((total, loss) => total + (loss.count ?? 0), 0);
      expect((ledger.reported ?? 0) + (ledger.folded ?? 0) + lost).toBe(ledger.happened);
    }
    expect(reports.some(isBalanced)).toBe(true);
    const namespaces = await channel.unary(ObserverService.GetNamespaces, {});
    expect(namespaces.namespaces?.map((row) => row.namespace)).toContain('payments');
  });

  test('tells endpoint changes as agent events', async () => {
    const gone = catalog.endpoints.findIndex((fact) => fact.node_name === 'node-01');
    const elsewhere = catalog.endpoints.findIndex((fact) => fact.node_name === 'node-02');
    agent.setCatalog({ ...catalog, endpoints: catalog.endpoints.filter((_fact, index) => index !== gone && index !== elsewhere) });
    const events: AgentEvent[] = [];
    for await (const { agent_event } of channel.stream(ObserverService.GetAgentEvents, {})) if (agent_event !== undefined) events.push(agent_event);
    const locals = catalog.endpoints.filter((fact) => fact.node_name === 'node-01');
    expect(events).toHaveLength(1 + locals.length + 1);
    expect([events[0]?.type, events[1]?.type]).toEqual([2, 7]);
    expect(events.at(-1)).toMatchObject({ type: 8, endpoint_update: { pod_name: catalog.endpoints[gone]?.pod_name } });
    // the number that its flows show
    const id = Number(events.at(-1)?.endpoint_update?.id ?? 0n);
    const mine = (await flowsOf({})).flatMap(({ source, destination }) => [source, destination]).filter((end) => end?.pod_name === catalog.endpoints[gone]?.pod_name);
    expect(new Set(mine.map((end) => end?.ID))).toEqual(new Set([id]));
    expect(id).toBeGreaterThan(0);
  });
});

function isBalanced({ nodes }: Report): boolean {
  const { reported_bytes = 0, live_bytes = 0, counted_bytes = 0 } = nodes?.[0]?.volume ?? {};
  return counted_bytes > 0 && reported_bytes + live_bytes + kernel.evicted().bytes === counted_bytes;
}

function compare(one: Flow, other: Flow | undefined): number {
  return compareTimes({ time: one.time }, { time: other?.time });
}

function compareTimes(one: GetFlowsResponse | undefined, other: GetFlowsResponse | undefined): number {
  const [first, second] = [one, other].map((answer) => (answer?.time?.seconds ?? 0n) * SECOND + BigInt(answer?.time?.nanos ?? 0));
  return Number((first ?? 0n) - (second ?? 0n));
}
