import { describe, expect, test } from 'vitest';
import { healthy, incidents, stories } from '../../../../agent/demo/story/story-list.ts';
import { incidentSecond, type Story } from '../../../../agent/demo/story/story.ts';
import type { PlayedNode } from '../../../../agent/demo/story/story-player.ts';
import { DropReason, type Flow, Verdict } from '../../../../src/wire/gen/flow.ts';
import type { PairCount } from '../../../../src/wire/gen/hubtop.ts';
import { timestampNs } from '../../../../src/wire/timestamp.ts';
import { atMs, flowsOf, startNs, tell, weightOf } from './told-story.ts';

const policyVerdict = 5;

const toldWhole = new Map<Story, PlayedNode[][]>();

/** A story to its end; told once, borrowed by the caller. */
function whole(story: Story): PlayedNode[][] {
  const known = toldWhole.get(story);
  if (known !== undefined) return known;
  const seconds = tell(story);
  toldWhole.set(story, seconds);
  return seconds;
}

/** Stories whose flows are a sample of what telemetry counts. */
const sampled = ['ring-burst'];

describe.each(stories.map((story) => [story.name, story] as const))('%s', (name, story) => {
  const seconds = whole(story);

  test('keeps its ledgers: happened = reported + folded + lost in each second, and never less than before', () => {
    const before = new Map<string, number>();
    for (const node of seconds.flat()) {
      for (const { kind, happened = 0, reported = 0, folded = 0, losses = [] } of node.report.nodes?.[0]?.events ?? []) {
        expect(happened).toBe(reported + folded + losses.reduce((total, loss) => total + (loss.count ?? 0), 0));
        expect(happened).toBeGreaterThanOrEqual(before.get(`${node.name} ${kind}`) ?? 0);
        before.set(`${node.name} ${kind}`, happened);
      }
      const { counted_bytes, reported_bytes, live_bytes = 0, conntrack_inserted = 0, conntrack_deleted = 0, conntrack_live = 0 } = node.report.nodes?.[0]?.volume ?? {};
      expect(counted_bytes).toBe((reported_bytes ?? 0) + live_bytes);
      expect(conntrack_inserted - conntrack_deleted).toBeGreaterThanOrEqual(conntrack_live);
      expect(conntrack_deleted).toBeGreaterThanOrEqual(before.get(`${node.name} deleted`) ?? 0);
      before.set(`${node.name} deleted`, conntrack_deleted);
    }
  });

  test('tells flows in the order of time, each in its second, and names none twice', () => {
    const uuids = new Set<string>();
    for (const [second, nodes] of seconds.entries()) {
      for (const node of nodes) {
        const times = node.flows.map(({ response }) => timestampNs(response.time) - startNs);
        expect(times).toEqual(times.toSorted((one, other) => Number(one - other)));
        expect(times.filter((time) => Math.floor(Number(time) / 1e9) !== second)).toEqual([]);
        expect(node.flows.filter(({ response }) => (response.flow?.node_name ?? response.node_name) !== node.name)).toEqual([]);
        for (const flow of flowsOf([node])) uuids.add(flow.uuid ?? '');
      }
    }
    expect(uuids.size).toBe(seconds.flatMap(flowsOf).length);
  });

  test('counts in telemetry what its flows tell: verdicts, pairs and drops', () => {
    for (const nodes of seconds) {
      for (const node of nodes) {
        const flows = flowsOf([node]);
        for (const verdict of [Verdict.FORWARDED, Verdict.DROPPED]) {
          const told = sum(flows.filter((flow) => flow.verdict === verdict && flow.event_type?.type !== policyVerdict));
          const counted = node.report.verdicts?.find((row) => row.verdict === verdict)?.flows ?? 0;
          if (sampled.includes(name)) expect(counted).toBeGreaterThanOrEqual(told);
          else expect(counted).toBe(told);
        }
        expectCovered(node);
        const dropped = flows.filter((flow) => flow.drop_reason_desc !== undefined && flow.event_type?.type === 1);
        expect(sum(dropped)).toBe((node.report.drops ?? []).reduce((total, row) => total + (row.skbs ?? 0), 0));
      }
    }
  });

  test('is the same when it is told again, and carries no extension', () => {
    const text = (list: PlayedNode[][]): string => JSON.stringify(list, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    expect(text(tell(story))).toBe(text(seconds));
    expect(seconds.flatMap(flowsOf).filter((flow) => flow.extensions !== undefined)).toEqual([]);
  });
});

function sum(flows: readonly Flow[]): number {
  return flows.reduce((total, flow) => total + weightOf(flow), 0);
}

/** Flows of packets are counted in a row of the pair, on the side that saw them. */
function expectCovered(node: PlayedNode): void {
  const told = new Map<string, number>();
  for (const flow of flowsOf([node])) {
    if (flow.l7 !== undefined || flow.event_type?.type === policyVerdict) continue;
    const isReply = flow.is_reply?.value === true;
    const [client, server] = isReply ? [flow.destination, flow.source] : [flow.source, flow.destination];
    const ports = flow.l4?.TCP ?? flow.l4?.UDP;
    const key = `${client?.identity} ${server?.identity} ${(isReply ? ports?.source_port : ports?.destination_port) ?? 0} ${flow.verdict} ${flow.traffic_direction}`;
    told.set(key, (told.get(key) ?? 0) + weightOf(flow));
  }
  const counted = new Map<string, number>();
  const add = (row: PairCount, direction: number, flows = 0): void => {
    counted.set(`${row.source?.identity} ${row.destination?.identity} ${row.port} ${row.verdict} ${direction}`, flows);
  };
  for (const row of node.report.pairs ?? []) {
    add(row, 1, row.ingress?.flows);
    add(row, 2, row.egress?.flows);
  }
  expect([...told].filter(([key, flows]) => (counted.get(key) ?? 0) < flows)).toEqual([]);
}

test.each(incidents.map((story) => [story.name, story] as const))('%s is healthy until its incident: what it tells before is what healthy tells', (name, story) => {
  if (['kafka-broker', 'ring-burst', 'conntrack-full'].includes(name)) return;
  const plain = (nodes: PlayedNode[]): unknown[] => flowsOf(nodes).map(({ time, uuid, source, destination, verdict, Summary }) => ({ time, uuid, source, destination, verdict, Summary }));
  expect(whole(story).slice(0, incidentSecond).map(plain)).toEqual(whole(healthy).slice(0, incidentSecond).map(plain));
});

test('healthy has nothing in an hour but foreign frames and one pod replaced each half hour', () => {
  const seconds = tell(healthy, 3_600);
  const dropped = seconds.flatMap(flowsOf).filter((flow) => flow.verdict !== Verdict.FORWARDED);
  expect(new Set(dropped.map((flow) => flow.drop_reason_desc))).toEqual(new Set([DropReason.UNSUPPORTED_L3_PROTOCOL]));
  expect(dropped).toHaveLength(720);
  const changes = seconds.flat().flatMap((node) => node.report.changes ?? []);
  expect(changes.map((change) => change.kind).toSorted()).toEqual(['endpoint-added', 'endpoint-added', 'endpoint-removed', 'endpoint-removed']);
  expect(seconds.flatMap(flowsOf).some((flow) => flow.l4?.TCP?.flags?.RST === true)).toBe(false);
});

test('every pair of a healthy cluster is seen in each of its minutes', () => {
  const seconds = tell(healthy, 600);
  const minutes = Array.from({ length: 10 }, (_, minute) => new Set(seconds.slice(minute * 60, minute * 60 + 60).flatMap(flowsOf)
    .map((flow) => [flow.source?.workloads?.[0]?.name, flow.destination?.workloads?.[0]?.name].toSorted().join(' '))));
  for (const minute of minutes) expect([...minute].toSorted()).toEqual([...(minutes[0] ?? [])].toSorted());
});

interface Telling {
  drops: number | undefined;
  firstDropMs: number | undefined;
  pair: string;
}

/** What is dropped beside the frames that always are. */
function dropsOf(seconds: PlayedNode[][]): Telling {
  const flows = seconds.flatMap(flowsOf).filter((flow) => flow.event_type?.type === 1 && flow.drop_reason_desc !== DropReason.UNSUPPORTED_L3_PROTOCOL).toSorted((one, other) => atMs(one) - atMs(other));
  const [first] = flows;
  return {
    drops: first?.drop_reason_desc,
    firstDropMs: first === undefined ? undefined : Math.floor(atMs(first)),
    pair: first === undefined ? '' : `${first.source?.namespace}/${first.source?.workloads?.[0]?.name} > ${first.destination?.namespace}/${first.destination?.workloads?.[0]?.name}:${(first.l4?.TCP ?? first.l4?.UDP)?.destination_port}`,
  };
}

test.each<[string, Telling]>([
  ['policy-edit', { drops: DropReason.POLICY_DENIED, firstDropMs: 248_120, pair: 'default/commentary-fanout > default/chat-relay:50051' }],
  ['kafka-broker', { drops: DropReason.POLICY_DENIED, firstDropMs: 240_070, pair: 'ingest/ingest-collector > ingest/kafka-broker-3:9092' }],
  ['reset-timer', { drops: undefined, firstDropMs: undefined, pair: '' }],
  ['ring-burst', { drops: undefined, firstDropMs: undefined, pair: '' }],
  ['identity-churn', { drops: DropReason.POLICY_DENIED, firstDropMs: 240_090, pair: 'payments/ledger-svc > payments/postgres-primary:5432' }],
  ['conntrack-full', { drops: DropReason.CT_MAP_INSERTION_FAILED, firstDropMs: 316_040, pair: 'batch/resizer > kube-system/kube-dns:53' }],
  ['nxdomain-storm', { drops: undefined, firstDropMs: undefined, pair: '' }],
  ['rogue-egress', { drops: undefined, firstDropMs: undefined, pair: '' }],
  ['refund-latency', { drops: DropReason.STALE_OR_UNROUTABLE_IP, firstDropMs: 240_150, pair: 'payments/refund-svc > payments/postgres-primary:5432' }],
])('%s drops what its telling says, from its moment on', (name, telling) => {
  const story = incidents.find((candidate) => candidate.name === name) ?? healthy;
  expect(dropsOf(whole(story))).toEqual(telling);
});

/** One story by its name, to its end. */
function storyTold(name: string): PlayedNode[][] {
  return whole(incidents.find((story) => story.name === name) ?? healthy);
}

test('policy-edit says who edited, what the policy is now, and why it refuses', () => {
  const seconds = storyTold('policy-edit');
  const [change] = seconds.flat().flatMap((node) => node.report.changes ?? []).filter(({ kind }) => kind === 'policy-changed');
  expect(change).toMatchObject({ who: 'kubectl-edit', subject: 'default/chat-relay-ingress', policy: { revision: 42n } });
  const facts = seconds[incidentSecond]?.[0]?.report.policies?.filter(({ policy }) => policy?.name === 'chat-relay-ingress');
  expect(facts).toMatchObject([{ who: 'kubectl-edit', operation: 'Update', policy: { revision: 42n } }]);
  const refusals = seconds.flat().flatMap((node) => node.report.drops ?? []).flatMap(({ refusal }) => refusal ?? []);
  expect(refusals[0]).toMatchObject({ direction: 1, selecting: [{ name: 'chat-relay-ingress', revision: 42n }], closest: { misses: ['label app=commentary-fanout is not app=commentary-api'] } });
  const allowed = seconds.slice(0, incidentSecond).flatMap(flowsOf).filter((flow) => flow.ingress_allowed_by?.some((policy) => policy.name === 'chat-relay-ingress' && policy.revision === 41n));
  expect(allowed.length).toBeGreaterThan(5);
});

test('kafka-broker drops 4,200 a second, folded or not, two minutes after the broker came', () => {
  const seconds = storyTold('kafka-broker');
  const perSecond = seconds.map((nodes) => nodes.flatMap((node) => node.report.drops ?? []).filter((row) => row.reason === DropReason.POLICY_DENIED).reduce((total, row) => total + (row.skbs ?? 0), 0));
  expect(perSecond.slice(incidentSecond - 1, incidentSecond + 4)).toEqual([0, 1_400, 2_800, 4_200, 4_200]);
  expect(seconds[incidentSecond - 120]?.flatMap((node) => node.report.changes ?? [])).toMatchObject([{ kind: 'endpoint-added', subject: 'ingest/kafka-broker-3-0' }]);
  expect(seconds.slice(0, incidentSecond).flatMap(flowsOf).some((flow) => flow.destination?.pod_name === 'kafka-broker-3-0')).toBe(false);
});

test('reset-timer resets every 4.0 s to the millisecond', () => {
  const resets = storyTold('reset-timer').flatMap(flowsOf).filter((flow) => flow.l4?.TCP?.flags?.RST === true && flow.traffic_direction === 1).map(atMs);
  expect(resets.slice(1).map((time, i) => time - (resets[i] ?? 0))).toEqual(Array.from({ length: resets.length - 1 }, () => 4_000));
  expect(resets).toHaveLength(23);
});

test('ring-burst loses exactly 148,000 events, in the ledger and in the stream', () => {
  const seconds = storyTold('ring-burst');
  const last = seconds.at(-1)?.find((node) => node.name === 'node-05')?.report.nodes?.[0];
  expect(last?.events?.find(({ kind }) => kind === 'trace')?.losses).toMatchObject([{ stage: 'kernel-ring', count: 148_000 }]);
  const lost = seconds.flat().flatMap((node) => node.flows.flatMap(({ response }) => response.lost_events ?? []));
  expect(lost.reduce((total, row) => total + (row.num_events_lost ?? 0n), 0n)).toBe(148_000n);
  const node05 = seconds.map((nodes) => nodes.find((node) => node.name === 'node-05')?.report.verdicts?.[0]?.flows ?? 0);
  expect(Math.round((node05[incidentSecond] ?? 0) / 1_000)).toBe(200);
  expect(Math.round((node05[incidentSecond + 3] ?? 0) / 1_000)).toBe(8);
});

test('identity-churn changes three pods at once, is denied from the new identity only, and heals after 20 s', () => {
  const seconds = storyTold('identity-churn');
  const changed = seconds.flat().flatMap((node) => node.report.changes ?? []).filter(({ kind }) => kind === 'identity-changed');
  expect(changed).toHaveLength(3);
  expect(new Set(changed.map((change) => change.new_identity))).toEqual(new Set([58_213]));
  const denied = seconds.flatMap(flowsOf).filter((flow) => flow.drop_reason_desc === DropReason.POLICY_DENIED);
  expect(new Set(denied.map((flow) => flow.source?.identity))).toEqual(new Set([58_213]));
  expect(Math.max(...denied.map(atMs))).toBeLessThan((incidentSecond + 20) * 1_000 + 1_000);
  expect(seconds.slice(incidentSecond + 25).flatMap(flowsOf).some((flow) => flow.source?.identity === 58_213 && flow.verdict === Verdict.FORWARDED)).toBe(true);
});

test('conntrack-full passes 80 % and 91 % when it says so, evicts from there on, and its busiest opener is batch/resizer', () => {
  const node03 = storyTold('conntrack-full').map((nodes) => nodes.find((node) => node.name === 'node-03')?.report);
  const fill = node03.map((report) => (report?.nodes?.[0]?.maps?.[0]?.entries ?? 0) / (report?.nodes?.[0]?.maps?.[0]?.max_entries ?? 1));
  expect(fill.findIndex((share) => share >= 0.8) - incidentSecond).toBeCloseTo(46, -0.5);
  expect(fill.at(-1)).toBeGreaterThan(0.91);
  expect(Math.max(...fill.slice(0, incidentSecond))).toBeLessThan(0.6);
  const last = node03.at(-1);
  expect(last?.nodes?.[0]?.maps?.[0]?.evicted).toBeGreaterThan(800);
  expect(last?.nodes?.[0]?.kernel_conntrack?.[0]?.insert_failed).toBeGreaterThan(1_000);
  const opener = last?.pairs?.toSorted((one, other) => (other.egress?.connections ?? 0) - (one.egress?.connections ?? 0))[0];
  expect(opener).toMatchObject({ source: { namespace: 'batch', workloads: [{ name: 'resizer' }] }, port: 53, protocol: 17, egress: { connections: 420 } });
});

test('nxdomain-storm asks four names of one search path 368 times a second, and one resolver leaves questions unanswered', () => {
  const seconds = storyTold('nxdomain-storm');
  const answers = flowsOf(seconds[incidentSecond + 20] ?? []).filter((flow) => flow.l7?.dns?.rcode === 3 && flow.l7.dns.query?.startsWith('mailhub') === true);
  expect(sum(answers)).toBe(368);
  expect(new Set(answers.map((flow) => flow.l7?.dns?.query))).toEqual(new Set(['mailhub.payments.svc.cluster.local.', 'mailhub.svc.cluster.local.', 'mailhub.cluster.local.', 'mailhub.']));
  const late = seconds.slice(incidentSecond + 15, incidentSecond + 75).flatMap(flowsOf).filter((flow) => flow.l7?.dns !== undefined);
  const asked = new Map<string, number>();
  for (const flow of late) {
    const resolver = (flow.l7?.type === 1 ? flow.destination : flow.source)?.pod_name ?? '';
    asked.set(resolver, (asked.get(resolver) ?? 0) + (flow.l7?.type === 1 ? 1 : -1));
  }
  expect([...asked.values()].filter((unanswered) => unanswered > 30)).toHaveLength(1);
});

test('rogue-egress is the first time cardholder talks to the world, and sends ever more', () => {
  const seconds = storyTold('rogue-egress');
  const bytes = seconds.map((nodes) => nodes.flatMap((node) => node.report.pairs ?? []).filter((row) => row.source?.labels?.includes('k8s:pci=true') === true && row.destination?.identity === 2).reduce((total, row) => total + (row.egress?.bytes ?? 0), 0));
  expect(bytes.slice(0, incidentSecond).every((count) => count === 0)).toBe(true);
  expect(bytes[incidentSecond]).toBeGreaterThan(30_000);
  expect(bytes.at(-1)).toBeGreaterThan(3_000_000);
});

test('refund-latency slows the refunds down to 4.9 s with 5xx, and no other route', () => {
  const seconds = storyTold('refund-latency');
  const answers = (from: number, to: number, isRefund: boolean): Flow[] => seconds.slice(from, to).flatMap(flowsOf)
    .filter((flow) => flow.l7?.type === 2 && flow.l7.http !== undefined && (flow.l7.http.url?.endsWith('/v1/payments/refund') === true) === isRefund);
  const slowest = (flows: Flow[]): number => Math.max(...flows.map((flow) => Number(flow.l7?.latency_ns ?? 0n) / 1e6));
  const failed = (flows: Flow[]): number => flows.filter((flow) => (flow.l7?.http?.code ?? 0) >= 500).length / flows.length;
  expect(slowest(answers(0, incidentSecond, true))).toBeLessThan(60);
  expect(slowest(answers(incidentSecond, seconds.length, true))).toBeGreaterThan(4_500);
  expect(failed(answers(incidentSecond + 5, seconds.length, true))).toBeGreaterThan(0.3);
  expect(failed(answers(0, seconds.length, false))).toBeLessThan(0.01);
});
