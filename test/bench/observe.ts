import { FlowPrinter } from '../../src/flow/flow-printer.ts';
import { compileFilters } from '../../src/flow/filter.ts';
import { makeTimeFormatter } from '../../src/flow/time-format.ts';
import { flowViewOf } from '../../src/flow/view-of-flow.ts';
import { CompactLines } from '../../src/flow/compact-lines.ts';
import { GetFlowsResponseCodec } from '../../src/wire/gen/observer.ts';
import { busyFlow } from './busy-flow.ts';
import type { BenchRow } from './row.ts';

const flows = 4096;
const rounds = 15;

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
  const messages = Array.from({ length: flows }, (_, index) => GetFlowsResponseCodec.encode({ flow: busyFlow(index), node_name: 'prod/node-a' }));
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
