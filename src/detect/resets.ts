import { dropKey } from '../model/directory.ts';
import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { pairChips, pairText } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import { tcpFigures } from '../model/tcp-figures.ts';
import { chip } from './chip.ts';
import type { Detector } from './detector.ts';
import { lastDropMs } from './last-drop.ts';
import { shortCount } from './short-count.ts';

/** How long a reset stays on the list after its last sign. */
const RESET_MEMORY_MS = 60_000;
/** Resets arrive as flows at once, refusals as counts of up to two seconds later. */
const REFUSAL_LAG_MS = 3_000;
/** Reasons that are told of one pair, the most frequent ones. */
const MAX_REASONS = 3;

/** Connections that end with RST; those that come like a clock say so. */
export const resets: Detector = {
  id: 'resets',
  title: 'connections reset, periodic or not',
  find: resetFindings,
};

function resetFindings(state: State, now: Figures): Finding[] {
  const nowMs = now.toSecond * 1000;
  // under a filter only what passes it counts, and of a time nobody observed nothing is told; the tracker has seen more
  const tracked = state.chips.length > 0 || now.seconds === 0 ? [] : state.resets.between(nowMs - RESET_MEMORY_MS, state.pausedAtMs > 0 ? nowMs : Infinity);
  const fromTracker = new Map(tracked.map((found) => [found.pair, found]));
  const ids = new Set([...fromTracker.keys(), ...now.pairs.filter((pair) => pair.resets >= 0.5).map((pair) => pair.id)]);
  const list: Finding[] = [];
  for (const id of ids) {
    const found = fromTracker.get(id);
    if (isRefusal(state, now, { pairId: id, lastResetMs: found?.lastMs })) continue;
    const pair = state.directory.pairAt(id);
    const counted = now.pairs.find((candidate) => candidate.id === id)?.resets ?? found?.count ?? 0;
    const perSecond = now.seconds > 0 ? counted / now.seconds : 0;
    const periodMs = found?.periodMs;
    const n = `n=${Math.round(Math.max(found?.count ?? 0, counted))}`;
    list.push({
      key: `resets ${pairText(pair)}`, severity: 'warn', word: 'RESETS', subject: pairText(pair),
      amount: { value: perSecond, unit: '/s', ...(periodMs !== undefined ? { text: `every ${stepText(periodMs)}` } : perSecond === 0 ? { text: `${counted}×` } : {}) },
      timesMore: undefined,
      ...(periodMs === undefined ? { why: `${n}, connections end with RST`, brief: `${n}, by RST` } : { why: `${n}, like a timer or timeout`, brief: `${n}, a timer?`, isRegular: true }),
      sinceMs: Math.min(found?.firstMs ?? Infinity, state.firstSeenMs.get(`resets ${id}`) ?? Infinity, nowMs),
      chips: [...pairChips(pair), chip('tcp-flags', 'RST')],
      pair,
      ...evidenceOf(state, now, id),
    });
  }
  return list;
}

// the stacks' own words, which end and why
function evidenceOf(state: State, now: Figures, pair: number): { evidence?: readonly string[] } {
  const told = tcpFigures(state, now.window, [pair])?.resets ?? [];
  return told.length === 0 ? {} : { evidence: told.slice(0, MAX_REASONS).map(({ by, reason, count }) => `the ${by}'s stack reset ${shortCount(count)}×: ${reason}`) };
}

/**
 * A closed port answers every SYN with RST: its resets come with refusals, told as REFUSED. Resets that go on after the
 * last refusal are of another kind, such as those of a server that opened its port late.
 */
function isRefusal(state: State, now: Figures, { pairId, lastResetMs }: { pairId: number; lastResetMs: number | undefined }): boolean {
  const reason = state.directory.knownReason('NO_SOCKET');
  if (reason === undefined) return false;
  const fromSecond = now.toSecond - RESET_MEMORY_MS / 1000;
  const lastRefusedMs = lastDropMs(state, { fromSecond, toSecond: now.toSecond }, dropKey(reason, pairId));
  return lastRefusedMs !== undefined && (lastResetMs === undefined || lastResetMs <= lastRefusedMs + REFUSAL_LAG_MS);
}

function stepText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms / 1000)}s`;
}

