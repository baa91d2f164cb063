import { figures, type Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { countsFlows, type State } from '../model/state.ts';
import { withoutClaimed } from './claims.ts';
import { DETECTORS } from './detector-list.ts';
import { ranked } from './rank.ts';

/** Findings shown and kept at most. */
const MAX_FINDINGS = 50;

interface Cache {
  now: Figures;
  second: number;
  list: Finding[];
}

const caches = new WeakMap<State, Cache>();

/** Everything that is wrong at the state's moment, loudest first: severity × novelty. */
export function findings(state: State): Finding[] {
  const now = figures(state);
  const cache = caches.get(state);
  const second = Math.floor(state.nowMs / 1000);
  if (cache !== undefined && cache.now === now && cache.second === second) return cache.list;
  const all = withoutClaimed(DETECTORS.flatMap((detector) => detector.find(state, now)));
  const list = ranked(all, { nowMs: state.pausedAtMs > 0 ? state.pausedAtMs : state.nowMs, startedMs: state.startedMs }).slice(0, MAX_FINDINGS);
  caches.set(state, { now, second, list });
  return list;
}

/** Window the incident log is kept with, whatever window the reader looks at. */
const LOG_WINDOW_SECONDS = 60;

/** Everything that is wrong right now in the whole cluster, wherever the reader looks: what the incident log is kept from. */
export function liveFindings(state: State): Finding[] {
  const isOfAll = state.telemetry === 'present';
  const chips = isOfAll || !countsFlows(state) ? [] : state.chips;
  // nearly always what is on the screen is just that
  if (state.pausedAtMs === 0 && state.windowSeconds === LOG_WINDOW_SECONDS && state.chips.length === chips.length) return findings(state);
  return findings({ ...state, pausedAtMs: 0, chips, windowSeconds: LOG_WINDOW_SECONDS });
}
