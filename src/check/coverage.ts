import { countsFlows, figuresOf, type State } from '../model/state.ts';

/** Least part of a second that must have been observed for its counts to be whole. */
const WHOLE_MS = 900;

/** How much of a step came through. */
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

/** How much of a step was observed, for figures that are counted from flows in slots. */
export function slotCoverageOf(state: State, slot: { coveredMs: number; hasGap: boolean } | undefined, step: { second: number; seconds: number }): Coverage {
  const total = { happened: 0, lost: 0, nodesHeard: 0, nodesKnown: 0 };
  for (let second = step.second; second < step.second + step.seconds; second++) {
    const ledger = ledgerOf(state, second);
    total.happened += ledger.happened;
    total.lost += ledger.lost + (countsFlows(state) ? 0 : lostOnTheWay(state, second));
    Object.assign(total, { nodesHeard: ledger.nodesHeard, nodesKnown: ledger.nodesKnown });
  }
  const coveredMs = slot?.coveredMs ?? 0;
  return { coveredMs, isHole: coveredMs < WHOLE_MS * step.seconds || (slot?.hasGap === true && total.lost === 0), ...total };
}

function ledgerOf(state: State, second: number): Pick<Coverage, 'happened' | 'lost' | 'nodesHeard' | 'nodesKnown'> {
  const nodes = [...state.nodes.values()].filter((node) => node.trouble !== 'NODE_GONE');
  const lostHere = countsFlows(state) ? lostOnTheWay(state, second) : 0;
  const ledger = state.telemetry === 'present' ? state.fromTelemetry.peek(second) : undefined;
  const bucket = state.fromFlows.peek(second);
  // without telemetry what happened is what agents say they decode, or at least what came and what is known to be lost
  const happened = state.telemetry === 'present' ? (ledger?.happened ?? 0) : Math.max(bucket?.happened ?? 0, (bucket?.flows ?? 0) + lostHere);
  return { happened, lost: (ledger?.lost ?? 0) + lostHere, nodesHeard: nodes.filter((node) => node.trouble === '').length, nodesKnown: nodes.length };
}

// what the stream of flows itself told as lost
function lostOnTheWay(state: State, second: number): number {
  return state.fromFlows.peek(second)?.lost ?? 0;
}
