import { figures, type Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { countsFlows, type State } from '../model/state.ts';
import { DETECTORS } from './detector-list.ts';

/** Findings shown and kept at most. */
const MAX_FINDINGS = 50;
const RANK = { crit: 0, warn: 1, note: 2 } as const;
/** Not seeing comes before what is seen. */
const BLIND: readonly string[] = ['NODE', 'LOST'];

interface Cache {
  now: Figures;
  nowMs: number;
  list: Finding[];
}

const caches = new WeakMap<State, Cache>();

/** Everything that is wrong at the state's moment, worst first: severity, then the worst of each kind, then how new, then how much. */
export function findings(state: State): Finding[] {
  const now = figures(state);
  const cache = caches.get(state);
  if (cache !== undefined && cache.now === now && cache.nowMs === state.nowMs) return cache.list;
  const all = DETECTORS.flatMap((detector) => detector.find(state, now));
  const list = worstOfEachKindFirst(all.sort(byRank)).slice(0, MAX_FINDINGS);
  caches.set(state, { now, nowMs: state.nowMs, list });
  return list;
}

/** Window the incident log is kept with, whatever window the reader looks at. */
const LOG_WINDOW_SECONDS = 60;

/** Everything that is wrong right now in the whole cluster, wherever the reader looks: what the incident log is kept from. */
export function liveFindings(state: State): Finding[] {
  const isOfAll = state.telemetry === 'present';
  return findings({ ...state, pausedAtMs: 0, chips: isOfAll || !countsFlows(state) ? [] : state.chips, windowSeconds: LOG_WINDOW_SECONDS });
}

// ten denied pairs must not push the one reset series off the screen: within a severity the kinds take turns
function worstOfEachKindFirst(sorted: readonly Finding[]): Finding[] {
  const seen = new Map<string, number>();
  const turns = sorted.map((problem) => {
    const kind = `${problem.severity} ${problem.word}`;
    const turn = seen.get(kind) ?? 0;
    seen.set(kind, turn + 1);
    return { problem, turn };
  });
  return turns.sort((one, other) => RANK[one.problem.severity] - RANK[other.problem.severity] || one.turn - other.turn).map(({ problem }) => problem);
}

function byRank(one: Finding, other: Finding): number {
  return RANK[one.severity] - RANK[other.severity]
    || Number(other.isRegular === true) - Number(one.isRegular === true)
    || Number(BLIND.includes(other.word)) - Number(BLIND.includes(one.word))
    || (other.timesMore ?? 0) - (one.timesMore ?? 0)
    || other.amount.value - one.amount.value
    || (one.key < other.key ? -1 : 1);
}

