import type { ChangeEntry } from '../model/change-log.ts';
import { timeFits, type Cause } from './cause.ts';
import { identitiesOf, podsOf, type DropContext } from './drop-context.ts';

/** A new identity reaches the policy maps within this; clocks of nodes differ by less than that. */
const MAX_DELAY_MS = 120_000;
const SKEW_MS = 2_000;

/** Changes of identities shortly before a pair that had been answered was refused. */
export function identityCauses(context: DropContext): Cause[] {
  const { history, state, momentMs } = context;
  const { firstDropMs, answeredUntilMs } = history;
  if (firstDropMs === undefined || answeredUntilMs === undefined) return [];
  const changes = state.changes.between(firstDropMs - MAX_DELAY_MS, Math.min(momentMs, firstDropMs + SKEW_MS)).filter((entry) => entry.kind.startsWith('identity-'));
  return (['sources', 'destinations'] as const).flatMap((side) => causeOn(context, side, { changes, firstDropMs }));
}

// a workload's pods change together: one cause
function causeOn(context: DropContext, side: 'sources' | 'destinations', found: { changes: readonly ChangeEntry[]; firstDropMs: number }): Cause[] {
  const party = side === 'sources' ? context.drop.pair.source : context.drop.pair.destination;
  const pods = podsOf(context, side);
  const mine = found.changes.filter(({ subject }) => subject === party.name || pods.includes(subject));
  const [first] = mine;
  if (first === undefined) return [];
  const carried = identitiesOf(context, side).includes(first.newIdentity);
  const who = first.who === '' || first.who === 'unknown' ? '' : ` by ${first.who}`;
  const count = mine.filter(({ subject }) => subject !== party.name).length;
  const detail = first.detail.includes(': ') ? first.detail.slice(first.detail.indexOf(': ') + 2) : '';
  return [{
    kind: 'identity',
    text: `${party.name} got identity ${first.newIdentity}${first.oldIdentity > 0 ? ` after ${first.oldIdentity}` : ''}${count > 1 ? ` (${count} pods)` : ''}${who}${detail === '' ? '' : `: ${detail}`}`,
    reason: [timeFits(first.timeMs, found.firstDropMs), carried ? 'what is refused carries it' : ''].filter((reason) => reason !== '').join('; '),
    isCertain: carried && !first.isInferred,
    isSeenToBegin: true,
    timeMs: first.timeMs,
    identity: first.newIdentity,
  }];
}
