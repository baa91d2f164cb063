import type { Bucket } from './bucket.ts';
import type { PairCounts } from './pair-table.ts';
import { VERDICT_CHIPS, type Chip } from './chips.ts';
import { dropKeyParts, type Pair } from './directory.ts';
import { momentSecond, rate } from './figures.ts';
import type { State } from './state.ts';

/** How many flows of the window would pass a chip alone, as the kernels counted them, else as they came unfiltered; undefined where nobody tells. */
export function chipPasses(state: State, chip: Chip): number | undefined {
  return passes(state, chip)?.count;
}

/** The same as a rate a second of the time that was observed. */
export function chipPassRate(state: State, chip: Chip): number | undefined {
  const found = passes(state, chip);
  return found === undefined ? undefined : rate(found.count, found.window);
}

function passes(state: State, chip: Chip): { count: number; window: Bucket } | undefined {
  const ring = state.telemetry === 'present' ? state.fromTelemetry : state.telemetry === 'absent' && state.chips.length === 0 ? state.fromFlows : undefined;
  if (ring === undefined) return undefined;
  const toSecond = momentSecond(state);
  const window = ring.sum(toSecond - state.windowSeconds, toSecond);
  const passing = passingIn(state, window, chip);
  return passing === undefined ? undefined : { count: chip.isNegated ? Math.max(0, window.flows - passing) : passing, window };
}

const PROTOCOLS: Readonly<Record<string, readonly number[]>> = { tcp: [6], udp: [17], icmp: [1, 58] };

function passingIn(state: State, window: Bucket, chip: Chip): number | undefined {
  const { value } = chip;
  switch (chip.field) {
    case 'from-workload': return sum(state, window, (pair) => pair.source.name === value);
    case 'to-workload': return sum(state, window, (pair) => pair.destination.name === value);
    case 'from-namespace': return sum(state, window, (pair) => pair.source.namespace === value);
    case 'to-namespace': return sum(state, window, (pair) => pair.destination.namespace === value);
    case 'port': return sum(state, window, (pair) => String(pair.port) === value);
    case 'protocol': {
      const numbers = PROTOCOLS[value];
      return numbers === undefined ? undefined : sum(state, window, (pair) => numbers.includes(pair.protocol));
    }
    case 'verdict': return window.verdicts[VERDICT_CHIPS.find((verdict) => verdict.name === value)?.number ?? 0];
    case 'drop-reason': {
      let total = 0;
      window.drops.forEach((key, count) => {
        if (state.directory.reasonAt(dropKeyParts(key).reason) === value) total += count;
      });
      return total;
    }
    case 'tcp-flags': return window.resets;
    case 'node': {
      const node = state.nodes.get(value);
      return node === undefined ? undefined : node.flowsPerSecond * state.windowSeconds;
    }
    // the kernel counts neither pods nor requests
    case 'http-method':
    case 'http-path':
    case 'http-status':
    case 'dns-query':
    case 'from-pod':
    case 'to-pod': return undefined;
  }
}

function sum(state: State, window: Bucket, isMeant: (pair: Pair) => boolean): number {
  let total = 0;
  for (const [id, counts] of window.pairs) if (isMeant(state.directory.pairAt(id))) total += flowsOf(counts);
  return total;
}

function flowsOf(counts: PairCounts): number {
  // agents count dropped flows of a pair as flows too, or tell of them by reason alone
  return Math.max(counts.flows, counts.dropped);
}
