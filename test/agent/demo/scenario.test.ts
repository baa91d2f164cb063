import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Demo } from '../../../agent/demo/demo.ts';
import { startScenario } from '../../../agent/demo/scenario.ts';
import { incidents } from '../../../agent/demo/story/story-list.ts';
import { startRelay } from '../../../src/relay/relay.ts';
import { type Channel, openChannel } from '../../../src/rpc/channel.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import { tryDecode } from '../../../src/wire/codec.ts';
import { DropReason, type Flow } from '../../../src/wire/gen/flow.ts';
import { FlowExtensionCodec, FlowsOptionsCodec } from '../../../src/wire/gen/hubtop.ts';
import type { GetFlowsRequest } from '../../../src/wire/gen/observer.ts';
import { ObserverService, TelemetryService } from '../../../src/wire/services.ts';
import { timestampNs } from '../../../src/wire/timestamp.ts';

const leadSeconds = 3;
let demo: Demo;
let channel: Channel;
let startedMs: number;

beforeAll(async () => {
  const story = incidents.find(({ name }) => name === 'kafka-broker');
  if (story === undefined) throw new Error('no such story');
  startedMs = Date.now();
  demo = await startScenario({ story, leadSeconds }, startRelay);
  channel = openChannel(parseTarget(demo.address));
});

afterAll(async () => {
  channel.close();
  await demo.close();
});

async function flowsOf(request: GetFlowsRequest): Promise<Flow[]> {
  const flows: Flow[] = [];
  for await (const { flow } of channel.stream(ObserverService.GetFlows, request)) if (flow !== undefined) flows.push(flow);
  return flows;
}

const timeMs = (flow: Flow): number => Number(timestampNs(flow.time) / 1_000_000n);

test('startScenario() has the minutes before in the histories of its agents, in order, with a scale-out two minutes before the drops', async () => {
  const flows = await flowsOf({ since: { seconds: BigInt(Math.floor(startedMs / 1000) - 120), nanos: 0 } });
  expect(flows.length).toBeGreaterThan(2_000);
  expect(Math.min(...flows.map(timeMs))).toBeLessThan(startedMs - 115_000);
  const nodes = [...new Set(flows.map((flow) => flow.node_name))];
  expect(nodes).toHaveLength(6);
  for (const node of nodes) {
    // between nodes a busy machine may lose patience, in one node nothing ever changes places
    const times = flows.filter((flow) => flow.node_name === node).map(timeMs);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  }
  expect(new Set(flows.map((flow) => flow.uuid)).size).toBe(flows.length);
  expect(flows.filter((flow) => flow.extensions !== undefined)).toEqual([]);
});

test('startScenario() plays the incident at its moment, with the same flows for all and the refusal for those who ask', async () => {
  const dropped: Flow[] = [];
  const wanted = { whitelist: [{ drop_reason_desc: [DropReason.POLICY_DENIED], event_type: [{ type: 1 }] }] };
  const extensions = { type_url: 'type.googleapis.com/hubtop.v1.FlowsOptions', value: FlowsOptionsCodec.encode({ flow_extension: true }) };
  for await (const { flow } of channel.stream(ObserverService.GetFlows, { follow: true, extensions, ...wanted })) {
    if (flow !== undefined) dropped.push(flow);
    if (dropped.length >= 24) break;
  }
  const [first] = dropped;
  expect(first).toMatchObject({ source: { namespace: 'ingest' }, destination: { pod_name: 'kafka-broker-3-0' } });
  expect((first === undefined ? 0 : timeMs(first)) - startedMs).toBeGreaterThan((leadSeconds - 1) * 1_000);
  const extension = tryDecode(FlowExtensionCodec, first?.extensions?.value ?? new Uint8Array(0));
  expect(extension).toMatchObject({ ok: true, value: { refusal: { selecting: [{ name: 'collector-egress' }] } } });
  const again = await flowsOf({ number: 100n, ...wanted });
  expect(again.map((flow) => flow.uuid)).toEqual(expect.arrayContaining(dropped.map((flow) => flow.uuid)));
});

test('startScenario() reports once a second what the story counts, and all policies to whoever begins to watch', async () => {
  let reports = 0;
  for await (const report of channel.stream(TelemetryService.Watch, {})) {
    reports++;
    if (reports === 1) expect(report.policies?.map(({ policy }) => policy?.name).toSorted()).toEqual(['cardholder-ingress', 'chat-relay-ingress', 'collector-egress', 'postgres-ingress']);
    const skbs = (report.drops ?? []).filter((row) => row.reason === DropReason.POLICY_DENIED).reduce((sum, row) => sum + (row.skbs ?? 0), 0);
    if (skbs === 0 || skbs % 1_400 !== 0) continue;
    expect(report.nodes).toHaveLength(6);
    expect(report.drops?.[0]).toMatchObject({ refusal: { closest: { rule: 'spec.egress[1]' } } });
    break;
  }
  expect(reports).toBeGreaterThan(0);
}, 15_000);

test('the relay of a scenario knows its nodes and namespaces', async () => {
  const { nodes } = await channel.unary(ObserverService.GetNodes, {});
  expect(nodes?.map(({ name }) => name)).toEqual(['node-01', 'node-02', 'node-03', 'node-04', 'node-05', 'node-06']);
  const { namespaces } = await channel.unary(ObserverService.GetNamespaces, {});
  expect(namespaces?.map(({ namespace }) => namespace)).toEqual(expect.arrayContaining(['payments', 'ingest', 'kube-system', 'default']));
  expect(await channel.unary(ObserverService.ServerStatus, {})).toMatchObject({ num_connected_nodes: { value: 6 } });
});
