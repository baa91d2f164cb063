import type { Finding } from '../model/finding.ts';

/** What a severity weighs; times the novelty it is how loud a finding is. */
const WEIGHT = { crit: 9, warn: 3, note: 1 } as const;
/** A trouble that began in sight is news for this long. */
const NEWS_MS = 600_000;
/** What is first seen so soon after the start was there before, for all anybody knows. */
export const ARRIVAL_MS = 5_000;
/** Novelty of what began in sight lately, of what was there when we came, and of what has gone on unchanged for longer than news are news. */
const [BEGAN, FOUND, USUAL] = [3, 1, 0.5];
/** Not seeing never becomes usual: what nobody sees has no baseline. */
const BLIND: readonly string[] = ['NODE', 'LOST'];

/** When a finding is looked at, and since when anybody looks. */
export interface Watch {
  nowMs: number;
  startedMs: number;
}

/** Loudest first: severity × novelty, and within that the kinds take turns, so that ten denied pairs push no reset series off the screen. */
export function ranked(findings: readonly Finding[], watch: Watch): Finding[] {
  const scored = findings.map((finding) => ({ finding, score: WEIGHT[finding.severity] * novelty(finding, watch) })).sort(byScore);
  const turns = new Map<string, number>();
  return scored.map(({ finding, score }) => {
    const kind = `${score} ${finding.word}`;
    const turn = turns.get(kind) ?? 0;
    turns.set(kind, turn + 1);
    return { finding, score, turn };
  }).sort((one, other) => other.score - one.score || one.turn - other.turn).map(({ finding }) => finding);
}

function byScore(one: { finding: Finding; score: number }, other: { finding: Finding; score: number }): number {
  return other.score - one.score || compare(one.finding, other.finding);
}

function compare(one: Finding, other: Finding): number {
  return Number(other.isRegular === true) - Number(one.isRegular === true)
    || Number(BLIND.includes(other.word)) - Number(BLIND.includes(one.word))
    || (other.timesMore ?? 0) - (one.timesMore ?? 0)
    || other.amount.value - one.amount.value
    || (one.key < other.key ? -1 : 1);
}

/** How new a finding is: 3 for what began in sight lately or grew at once, 1 for what was there when we came, 0.5 for what goes on as ever. */
export function novelty(finding: Finding, { nowMs, startedMs }: Watch): number {
  if (finding.timesMore !== undefined) return BEGAN;
  if (BLIND.includes(finding.word)) return BEGAN;
  const isSeenToBegin = Number.isFinite(finding.sinceMs) && finding.sinceMs >= startedMs + ARRIVAL_MS;
  const ageMs = nowMs - (isSeenToBegin ? finding.sinceMs : startedMs);
  if (ageMs > NEWS_MS) return USUAL;
  return isSeenToBegin ? BEGAN : FOUND;
}
