import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import type { State } from '../model/state.ts';
import type { Cause } from './cause.ts';
import { dropFindings, type DropFinding } from './drops.ts';

/** Drops that one change may have caused, the worst first. */
export interface CausedDrops {
  cause: Cause;
  drops: readonly DropFinding[];
}

/** Drops that were seen to begin after what is their most likely cause, of one kind; together by that cause. */
export function causedDrops(state: State, now: Figures, kind: Cause['kind']): CausedDrops[] {
  const groups = new Map<string, { cause: Cause; drops: DropFinding[] }>();
  for (const found of dropFindings(state, now)) {
    const [cause] = found.causes;
    if (cause?.kind !== kind || !cause.isSeenToBegin) continue;
    const id = causeId(cause);
    const group = groups.get(id) ?? { cause, drops: [] };
    groups.set(id, group);
    group.drops.push(found);
  }
  return [...groups.values()].map(({ cause, drops }) => ({ cause, drops: drops.toSorted((one, other) => other.drop.perSecond - one.drop.perSecond || (one.finding.key < other.finding.key ? -1 : 1)) }));
}

/** Identity of a cause: the same change is told with the same words by every drop. */
export function causeId({ kind, policy, identity, timeMs }: Cause): string {
  return `${kind} ${policy === undefined ? (identity ?? timeMs) : `${policy.name} ${policy.revision} ${policy.revision > 0 ? '' : timeMs}`}`.trim();
}

const RANK = { crit: 0, warn: 1, note: 2 } as const;

/** One finding for all drops of a cause: that of the worst pair, which claims the others. */
export function joinedFinding({ cause, drops }: CausedDrops, words: Pick<Finding, 'word' | 'why' | 'brief'>): Finding | undefined {
  const [worst] = drops;
  if (worst === undefined) return undefined;
  const all = drops.map(({ finding }) => finding);
  const severity = all.map((finding) => finding.severity).toSorted((one, other) => RANK[one] - RANK[other])[0] ?? 'warn';
  const { lastMs, ...base } = worst.finding;
  const lasts = all.map((finding) => finding.lastMs ?? Infinity);
  return {
    ...base, ...words, severity,
    key: causeId(cause),
    why: `${words.why}${drops.length > 1 ? `, ${drops.length} pairs` : ''}`,
    amount: { value: drops.reduce((sum, { drop }) => sum + drop.perSecond, 0), unit: '/s' },
    sinceMs: Math.min(...all.map((finding) => finding.sinceMs)),
    ...(lasts.includes(Infinity) || lastMs === undefined ? {} : { lastMs: Math.max(...lasts) }),
    evidence: [...(base.evidence ?? []), ...all.slice(1, MAX_OTHERS + 1).map((finding) => `also ${finding.subject}`)],
    claims: all.map((finding) => finding.key),
  };
}

/** Other pairs of a cause that are named. */
const MAX_OTHERS = 3;
