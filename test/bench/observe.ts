import { FlowPrinter } from '../../src/flow/flow-printer.ts';
import { compileFilters } from '../../src/flow/filter.ts';
import { makeTimeFormatter } from '../../src/flow/time-format.ts';
import { flowViewOf } from '../../src/flow/view-of-flow.ts';
import { CompactLines } from '../../src/flow/compact-lines.ts';
import type { Flow } from '../../src/wire/gen/flow.ts';
import { GetFlowsResponseCodec } from '../../src/wire/gen/observer.ts';
import type { BenchRow } from './row.ts';

const flows = 4096;
const pairs = 64;
const rounds = 15;

/** Flows of a busy node, as our agents and Cilium's fill them. */
function makeFlow(index: number): Flow {
  const endpoint = (name: string, number: number): NonNullable<Flow['source']> => ({
    ID: 100 + number, identity: 20_000 + number, namespace: 'payments', pod_name: `${name}-7d4b9c-x${number}`, workloads: [{ name, kind: 'Deployment' }],
    labels: [`k8s:app=${name}`, 'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=payments', 'k8s:io.cilium.k8s.policy.cluster=default', 'k8s:io.kubernetes.pod.namespace=payments'],
  });
  return {
    time: { seconds: 1_772_615_702n, nanos: index * 1000 }, uuid: `0f6c2b1e-6a0d-4c55-9a53-${String(index).padStart(12, '0')}`, verdict: 1,
    ethernet: { source: '0a:58:0a:01:00:07', destination: '0a:58:0a:01:00:01' }, IP: { source: `10.244.${index >> 8}.${index & 255}`, destination: `10.244.3.${index % pairs}`, ipVersion: 1 },
    l4: { TCP: { source_port: 40_000 + (index % 20_000), destination_port: 8080, flags: { ACK: true } } }, source: endpoint('checkout-api', index % pairs), destination: endpoint('ledger-svc', pairs + (index * 7) % pairs),
    Type: 1, node_name: 'prod/node-a', node_labels: ['kubernetes.io/os=linux', 'topology.kubernetes.io/zone=eu-1'], event_type: { type: 4, sub_type: index % 2 === 0 ? 3 : 0 },
    destination_service: { name: 'ledger-svc', namespace: 'payments' }, traffic_direction: 2, trace_observation_point: 3, trace_reason: 2, is_reply: { value: index % 2 === 1 },
    interface: { index: 14, name: 'lxc3f2a71be' }, Summary: 'TCP Flags: ACK',
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}

/** Nanoseconds of work a flow, the candidates taking turns. */
function measure(candidates: Record<string, () => void>): Map<string, number> {
  const times = new Map(Object.keys(candidates).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, work] of Object.entries(candidates)) {
      const start = process.hrtime.bigint();
      work();
      times.get(name)?.push(Number(process.hrtime.bigint() - start) / flows);
    }
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

/** What `hubtop observe` does with a flow: printing it, and judging it by a filter. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  const messages = Array.from({ length: flows }, (_, index) => GetFlowsResponseCodec.encode({ flow: makeFlow(index), node_name: 'prod/node-a' }));
  const options = { formatTime: makeTimeFormatter('StampMilli'), showNode: false, showPolicyNames: false, translatesIps: true, colour: false, showsAllStatus: false };
  const printer = new FlowPrinter('compact', options);
  const lines = new CompactLines(options);
  const filters = compileFilters({ whitelist: [{ source_pod: ['payments/checkout'], verdict: [1] }], blacklist: [{ destination_label: ['app=nobody'] }] });
  const views = messages.map((message) => flowViewOf(GetFlowsResponseCodec.decode(message).flow ?? {}));
  let sink = 0;
  const times = measure({
    decoded: () => { for (const message of messages) sink += printer.print(GetFlowsResponseCodec.decode(message)).out.length; },
    scanned: () => { for (const message of messages) sink += lines.line(message, 0, message.length)?.length ?? 0; },
    filter: () => { if (filters.ok) for (const view of views) sink += filters.matches(view) ? 1 : 0; },
  });
  const perSecond = (name: string): number => 1e9 / (times.get(name) ?? Infinity);
  report({ name: 'compact lines from the wire', value: perSecond('scanned'), unit: 'flows/CPU-s', note: `x${(perSecond('scanned') / perSecond('decoded')).toFixed(1)} of decoding each flow` });
  report({ name: 'compact lines from decoded flows', value: perSecond('decoded'), unit: 'flows/CPU-s' });
  report({ name: 'filter by pod, verdict and label on decoded flows', value: times.get('filter') ?? 0, unit: 'ns/flow', note: sink < 0 ? 'impossible' : '' });
}
