import type { ChangeEntry } from '../model/change-log.ts';
import { spanWords } from '../model/clock-text.ts';
import { timeFits, type Cause } from './cause.ts';
import { refusingEnd, type DropContext } from './drop-context.ts';

/** A policy reaches the datapath within this; clocks of nodes differ by less than that. */
const MAX_DELAY_MS = 120_000;
const SKEW_MS = 2_000;

/** Changes of policies shortly before a pair that had been answered was refused. */
export function policyCauses(context: DropContext): Cause[] {
  const { history, state, momentMs } = context;
  if (history.wasThere) return earlierChanges(context);
  const { firstDropMs, answeredUntilMs } = history;
  // a pair that never worked in sight was not broken by a change in sight
  if (firstDropMs === undefined || answeredUntilMs === undefined) return [];
  const found = state.changes.between(firstDropMs - MAX_DELAY_MS, Math.min(momentMs, firstDropMs + SKEW_MS)).filter((entry) => entry.kind.startsWith('policy-') && canConcern(context, entry));
  // a revision that rose and the policy that came with it are one change
  const named = found.filter(({ kind }) => kind !== 'policy-revision');
  return (named.length > 0 ? named : found).map((entry) => causeOf(context, entry, firstDropMs));
}

/** A change this long before we came is still worth a look. */
const EARLIER_MS = 3_600_000;

// whoever comes after the alert has not seen it begin: the last change of what the refusal names is a suspect, no more
function earlierChanges(context: DropContext): Cause[] {
  const { state, history, refusal } = context;
  if (refusal === undefined) return [];
  const changes = state.changes.between(history.lookedMs - EARLIER_MS, history.lookedMs).filter((entry) => entry.kind.startsWith('policy-') && isNamed(context, entry));
  const latest = changes.filter((entry) => changes.findLast(({ subject }) => subject === entry.subject) === entry).toReversed();
  return latest.map((entry) => ({ ...causeOf(context, entry, history.lookedMs), reason: `${spanWords(history.lookedMs - entry.timeMs)} before hubtop came; the refusal names it`, isCertain: false, isSeenToBegin: false }));
}

// a policy of a namespace selects pods of it alone
function canConcern(context: DropContext, entry: ChangeEntry): boolean {
  if (entry.kind === 'policy-revision' || isNamed(context, entry) || allowedIt(context, entry.subject)) return true;
  const namespace = entry.subject.includes('/') ? entry.subject.slice(0, entry.subject.indexOf('/')) : '';
  if (namespace === '') return true;
  const end = refusingEnd(context);
  const { source, destination } = context.drop.pair;
  return end === undefined ? [source.namespace, destination.namespace].includes(namespace) : end.namespace === namespace;
}

// a refusal under an older revision does not name the change
function isNamed({ refusal, history }: DropContext, entry: ChangeEntry): boolean {
  if (refusal === undefined || (history.firstDropMs ?? 0) > refusal.lastMs) return false;
  return [...refusal.deniedBy, ...refusal.selecting].some(({ name, revision }) => name === entry.subject && (entry.revision === 0 || revision === 0 || revision >= entry.revision));
}

function allowedIt({ allowedBy }: DropContext, name: string): boolean {
  return allowedBy.some(({ policy }) => policy.name === name);
}

const DONE: Readonly<Record<string, NonNullable<Cause['policy']>['done']>> = { 'policy-added': 'added', 'policy-removed': 'removed', 'policy-seen': 'seen' };

function causeOf(context: DropContext, entry: ChangeEntry, firstDropMs: number): Cause {
  const { refusal } = context;
  const kind = [...(refusal?.deniedBy ?? []), ...(refusal?.selecting ?? []), ...context.allowedBy.map(({ policy }) => policy)].find(({ name }) => name === entry.subject)?.kind
    ?? context.state.policies.find(entry.subject)?.kind ?? '';
  const who = entry.who === 'unknown' ? '' : entry.who;
  const named = isNamed(context, entry);
  const done = DONE[entry.kind] ?? 'changed';
  const what = `policy ${entry.subject}${entry.revision > 0 ? ` rev ${entry.revision}` : ''} ${done === 'seen' ? 'first named in a flow' : done}${who === '' ? '' : ` by ${who}`}`;
  return {
    kind: 'policy',
    text: entry.kind === 'policy-revision' ? 'some policy was added, changed or removed' : what,
    reason: [timeFits(entry.timeMs, firstDropMs), namedReason(context, entry, named)].filter((reason) => reason !== '').join('; '),
    isCertain: named && !entry.isInferred && done !== 'removed',
    isSeenToBegin: true,
    timeMs: entry.timeMs,
    ...(entry.kind === 'policy-revision' ? {} : { policy: { name: entry.subject, revision: entry.revision, who, kind, done } }),
  };
}

function namedReason(context: DropContext, entry: ChangeEntry, named: boolean): string {
  const { refusal } = context;
  if (named) return refusal?.deniedBy.some(({ name }) => name === entry.subject) === true ? 'the refusal names its deny rule' : 'the refusal names it';
  if (entry.kind === 'policy-revision') return 'which one a Hubble relay does not say';
  return allowedIt(context, entry.subject) ? 'it had allowed this pair' : '';
}
