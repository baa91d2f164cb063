import { dropWords } from '../model/drop-words.ts';
import type { DropFigure, Figures } from '../model/figures.ts';
import { BRIEF_LENGTH, type Finding } from '../model/finding.ts';
import { pairChips, pairText } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import type { Cause } from './cause.ts';
import { chip } from './chip.ts';
import type { Detector } from './detector.ts';
import { dropTarget } from './drop-target.ts';
import { explainDrop } from './explain-drop.ts';
import type { Explanation } from './explanation.ts';
import { lastDropMs } from './last-drop.ts';

/** Drops looked at for when they were last seen. */
const MAX_LOOKED_AT = 50;
/** How much more than before is news. */
const NEWS_TIMES = 3;
/** Drops a second from which they are critical. */
const CRITICAL_PER_SECOND = 20;
/** How long a drop must have been away to be told as over. */
const QUIET_MS = 15_000;

/** Drops that are explained in the list, the most first: the others are explained where Enter leads. */
const MAX_EXPLAINED = 16;

/** Packets that were dropped or refused, by pair and reason. */
export const drops: Detector = {
  id: 'drops',
  title: 'drops and refusals',
  find: (state, now) => dropFindings(state, now).map(({ finding }) => finding),
};

/** A drop, what is told of it, and why it may have begun. */
export interface DropFinding {
  drop: DropFigure;
  finding: Finding;
  causes: readonly Cause[];
}

const made = new WeakMap<Figures, DropFinding[]>();

/** Drops of the moment with what is told of them; made once for each moment. */
export function dropFindings(state: State, now: Figures): DropFinding[] {
  const known = made.get(now) ?? now.drops.filter((drop) => drop.count >= 0.5 && (drop.class !== 'ok' || isStorm(drop))).map((drop, i) => dropFinding(state, now, { drop, i }));
  made.set(now, known);
  return known;
}

function dropFinding(state: State, now: Figures, { drop, i }: { drop: DropFigure; i: number }): DropFinding {
  const isRefused = drop.reason.startsWith('NO_SOCKET');
  const times = drop.baselinePerSecond > 0 ? drop.nowPerSecond / drop.baselinePerSecond : undefined;
  const lastMs = i < MAX_LOOKED_AT && drop.nowPerSecond === 0 ? lastDropMs(state, now, drop.key) : undefined;
  const isQuiet = lastMs !== undefined && now.toSecond * 1000 - lastMs > QUIET_MS;
  const told = i < MAX_EXPLAINED && drop.class !== 'ok' ? explainDrop(state, drop) : undefined;
  const [cause] = told?.causes ?? [];
  return {
    drop, causes: told?.causes ?? [],
    finding: {
      key: `drop ${drop.reason} ${pairText(drop.pair)}`,
      severity: isQuiet ? 'note' : dropSeverity(drop, times),
      ...(isQuiet ? { lastMs } : {}),
      word: isRefused ? 'REFUSED' : 'DROPS',
      subject: pairText(drop.pair),
      amount: { value: drop.perSecond, unit: '/s' },
      timesMore: times !== undefined && times >= NEWS_TIMES ? times : undefined,
      ...dropWhy(drop),
      sinceMs: state.firstSeenMs.get(`drop ${drop.key}`) ?? 0,
      chips: [...pairChips(drop.pair), chip('verdict', 'DROPPED')],
      pair: drop.pair,
      target: dropTarget(state, drop),
      ...(told === undefined ? {} : { evidence: evidenceOf(told), next: told.next }),
      ...(cause === undefined ? {} : { cause: { text: `${cause.text} (${cause.reason})`, isCertain: cause.isCertain } }),
    },
  };
}

/** What a finding about a drop is inferred from. */
export function evidenceOf(told: Explanation): string[] {
  return [told.words[0] ?? '', ...told.words.slice(1, 2), [told.before, told.after].filter((part) => part !== '').join(', then ')].filter((sentence) => sentence !== '');
}

/** Drops of a kind that is usually harmless are told when there are so many times as many as before, and so many a second. */
const [STORM_TIMES, STORM_PER_SECOND] = [10, 5];

function isStorm(drop: DropFigure): boolean {
  return drop.nowPerSecond >= STORM_PER_SECOND && drop.baselinePerSecond > 0 && drop.nowPerSecond / drop.baselinePerSecond >= STORM_TIMES;
}

function dropSeverity(drop: DropFigure, times: number | undefined): Finding['severity'] {
  if (drop.class === 'ok') return 'note';
  return drop.perSecond >= CRITICAL_PER_SECOND || (times !== undefined && times >= 10 && drop.nowPerSecond >= 5) ? 'crit' : 'warn';
}

function dropWhy(drop: DropFigure): { why: string; brief: string } {
  const words = dropWords(drop.reason, drop.class);
  if (drop.reason.startsWith('NO_SOCKET')) return { why: words.long, brief: words.brief };
  return { why: words.long === '' ? drop.reason : `${drop.reason}: ${words.long}`, brief: words.brief === '' ? middleOf(drop.reason) : words.brief };
}

// a kernel's own names can be long, and their ends tell them apart
function middleOf(reason: string): string {
  return reason.length <= BRIEF_LENGTH ? reason : `${reason.slice(0, BRIEF_LENGTH - 7)}…${reason.slice(-6)}`;
}

