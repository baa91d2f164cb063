import { share } from '../model/node-state.ts';
import { timeFits, type Cause } from './cause.ts';
import { podsOf, type DropContext } from './drop-context.ts';

/** A pod that came so long before the first drop is still new. */
const NEW_POD_MS = 900_000;
/** A pod that went so long before is still looked for by somebody. */
const GONE_POD_MS = 600_000;
const SKEW_MS = 2_000;
/** That a pod went is told when it has ended, which may be after the first packet that missed it. */
const SLOW_TELLING_MS = 30_000;
/** From here on a table that takes no more entries is full. */
const FULL = 0.9;

/** What else can be seen to have happened: a pod that came or went, a server that stopped, a table that is full. */
export function otherCauses(context: DropContext): Cause[] {
  const { drop } = context;
  if (drop.class === 'pol') return newPods(context);
  if (drop.reason.startsWith('NO_SOCKET')) return [...stoppedServer(context), ...newPods(context).filter((cause) => cause.text.includes(drop.pair.destination.name))];
  if (drop.class === 'rtg') return gonePods(context);
  return drop.class === 'cap' && /CT_/.test(drop.reason) ? fullTables(context) : [];
}

// a pair that never worked in sight, and all of whose pods on a side came just before: the policy may be older than they are
function newPods(context: DropContext): Cause[] {
  const { history, state, momentMs, drop } = context;
  const firstMs = history.firstDropMs;
  if (firstMs === undefined || history.answeredUntilMs !== undefined) return [];
  const came = state.changes.between(firstMs - NEW_POD_MS, Math.min(momentMs, firstMs + SKEW_MS)).filter(({ kind }) => kind === 'endpoint-added');
  return (['destinations', 'sources'] as const).flatMap((side): Cause[] => {
    const party = side === 'sources' ? drop.pair.source : drop.pair.destination;
    const pods = podsOf(context, side);
    const fresh = came.filter(({ subject }) => pods.includes(subject));
    const [first] = fresh;
    if (first === undefined || pods.some((pod) => !fresh.some(({ subject }) => subject === pod))) return [];
    const before = agoText(firstMs - first.timeMs);
    return [{
      kind: 'pod', timeMs: first.timeMs, isCertain: false, isSeenToBegin: true,
      text: `${fresh.length > 1 ? `${fresh.length} pods of ${party.name}` : `pod ${first.subject}`} came ${before} before the first drop`,
      reason: olderPolicies(context, first.timeMs),
    }];
  });
}

function agoText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function olderPolicies({ state, refusal, momentMs }: DropContext, sinceMs: number): string {
  const named = [...(refusal?.deniedBy ?? []), ...(refusal?.selecting ?? [])].map(({ name }) => state.policies.find(name)).find((policy) => policy !== undefined && policy.changedMs > 0 && policy.changedMs < sinceMs);
  if (named === undefined) return 'no drop of it before';
  const days = Math.floor((momentMs - named.changedMs) / 86_400_000);
  return `policy ${named.name} is older: last changed ${days >= 2 ? `${days} days` : agoText(momentMs - named.changedMs)} ago`;
}

function stoppedServer({ history, drop }: DropContext): Cause[] {
  const { firstDropMs, answeredUntilMs } = history;
  if (firstDropMs === undefined || answeredUntilMs === undefined) return [];
  return [{ kind: 'server', timeMs: answeredUntilMs, isCertain: false, isSeenToBegin: true, text: `${drop.pair.destination.name} stopped listening on port ${drop.pair.port}`, reason: 'it answered on that port until then' }];
}

// who the address belonged to is known from the flows themselves, or from whoever told of its coming
function gonePods(context: DropContext): Cause[] {
  const { state, fact, history, momentMs } = context;
  const toMs = history.firstDropMs ?? momentMs;
  const entries = state.changes.between(0, momentMs);
  const addresses = [...(fact?.destinationAddresses ?? [])];
  const pods = [...podsOf(context, 'destinations'), ...entries.filter(({ kind, detail }) => kind === 'endpoint-added' && addresses.includes(detail)).map(({ subject }) => subject)];
  const gone = entries.findLast((entry) => entry.kind === 'endpoint-removed' && (pods.includes(entry.subject) || addresses.includes(entry.detail)) && entry.timeMs >= toMs - GONE_POD_MS && entry.timeMs <= toMs + SLOW_TELLING_MS);
  if (gone === undefined) return [];
  const moved = entries.findLast((entry) => entry.kind === 'endpoint-added' && entry.subject === gone.subject && Math.abs(entry.timeMs - gone.timeMs) < GONE_POD_MS && entry.detail !== '' && !addresses.includes(entry.detail));
  const still = addresses.length === 1 ? `packets still go to ${addresses[0]}` : 'packets still go to its old address';
  return [{
    kind: 'gone', timeMs: gone.timeMs, isCertain: false, isSeenToBegin: history.firstDropMs !== undefined,
    text: moved === undefined ? `pod ${gone.subject} went` : `pod ${gone.subject} went and came back with address ${moved.detail}`,
    reason: [history.firstDropMs === undefined ? '' : timeFits(gone.timeMs, history.firstDropMs), still].filter((reason) => reason !== '').join('; '),
  }];
}

function fullTables({ state, fact }: DropContext): Cause[] {
  return [...(fact?.nodes ?? [])].flatMap((id): Cause[] => {
    const node = state.nodes.get(state.nodeNames.get(id));
    const tables = [node?.conntrack, node?.kernelConntrack].flatMap((gauge) => gauge ?? []).filter((gauge) => share(gauge.entries, gauge.maxEntries) >= FULL);
    return tables.slice(0, 1).map((gauge) => ({
      kind: 'table', timeMs: 0, isCertain: false, isSeenToBegin: false, text: `${gauge.name} on ${node?.name ?? ''} is ${Math.round(share(gauge.entries, gauge.maxEntries) * 100)}% full`, reason: 'new connections find no place',
    }));
  });
}
