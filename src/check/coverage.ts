import type { State } from '../model/state.ts';
import { figuresOf } from '../model/state.ts';

/** Least part of a second that must have been observed for its counts to be whole. */
const WHOLE_MS = 900;

/** How much of a second came through. */
export interface Coverage {
  coveredMs: number;
  /** Nobody looked, or not all of the time. */
  isHole: boolean;
  /** Events the kernels saw, and those of them nobody got; happened is 0 where nobody counts. */
  happened: number;
  lost: number;
  /** Nodes that report, and nodes that are known. */
  nodesHeard: number;
  nodesKnown: number;
}

/** How much of a second was observed, for figures of the state's own stream. */
export function coverageOf(state: State, second: number): Coverage {
  const bucket = figuresOf(state).peek(second);
  const ledger = ledgerOf(state, second);
  const coveredMs = bucket?.coveredMs ?? 0;
  // lost events mark a gap as well, but of them the ledger tells how many
  const hasGap = bucket?.hasGap === true && bucket.lost === 0;
  return { coveredMs, isHole: coveredMs < WHOLE_MS || hasGap, ...ledger };
}

function ledgerOf(state: State, second: number): Pick<Coverage, 'happened' | 'lost' | 'nodesHeard' | 'nodesKnown'> {
  const bucket = figuresOf(state).peek(second);
  const ledger = state.telemetry === 'present' ? state.fromTelemetry.peek(second) : undefined;
  const nodes = [...state.nodes.values()].filter((node) => node.trouble !== 'NODE_GONE');
  const lostHere = bucket === ledger ? 0 : (bucket?.lost ?? 0);
  // without telemetry what happened is what agents say they decode, or at least what came and what is known to be lost
  const happened = ledger === undefined ? Math.max(bucket?.happened ?? 0, (bucket?.flows ?? 0) + lostHere) : ledger.happened;
  return { happened, lost: (ledger?.lost ?? 0) + lostHere, nodesHeard: nodes.filter((node) => node.trouble === '').length, nodesKnown: nodes.length };
}
