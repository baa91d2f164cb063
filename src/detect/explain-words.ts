import type { Party } from '../model/directory.ts';
import { dropWords } from '../model/drop-words.ts';
import { portText } from '../model/pair-text.ts';
import { dropSide, podsOf, refusingEnd, type DropContext } from './drop-context.ts';

/** What kind of refusal a drop is, in a few words. */
export function explainTitle(context: DropContext): string {
  const { drop, form } = context;
  const end = dropSide(context);
  const side = end === 'egress' ? ' at the source (egress)' : end === 'ingress' ? ' at the destination (ingress)' : '';
  if (form !== '') return `${form}${side}`;
  if (drop.class === 'pol') return `a policy refused${side}`;
  return TITLES[drop.class] ?? 'dropped';
}

const TITLES: Partial<Record<DropContext['drop']['class'], string>> = {
  cap: 'no room', rtg: 'no way there', svc: 'no backend', app: 'refused by the receiver', pkt: 'a bad packet', ok: 'usually harmless', oth: 'dropped',
};

/** Who may not do what. */
export function explainWhat({ drop }: DropContext): string {
  const { source, destination } = drop.pair;
  const to = `${short(destination)}${portText(drop.pair)}`;
  if (drop.class === 'pol') return `${short(source)} may not open connections to ${to}`;
  return drop.reason.startsWith('NO_SOCKET') ? `nothing listens on port ${drop.pair.port} of ${short(destination)}` : `packets from ${short(source)} to ${to} are dropped`;
}

/** Why, as far as the kind of refusal says, one sentence each. */
export function explainWords(context: DropContext): string[] {
  const { drop } = context;
  if (drop.class === 'pol') return [policyWords(context), ...closestWords(context), ...siblingWords(context), ...partWords(context)];
  if (drop.reason.startsWith('NO_SOCKET')) return ['the kernel there refuses the packet, no policy is involved'];
  return [MEANINGS.find(([pattern]) => pattern.test(drop.reason))?.[1] ?? (dropWords(drop.reason, drop.class).long || 'nothing more is known of this reason here'), ...partWords(context)];
}

const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/^CT_MAP_INSERTION/, 'connection tracking made no entry, so the new connection was dropped. the table may be full, or several packets raced for one entry'],
  [/^STALE_OR_UNROUTABLE/, 'the address belongs to no pod any more: somebody still sends to a pod that is gone'],
  [/SERVICE_BACKEND|NO_BACKEND/, 'the service has no backend that could take it'],
  [/^INVALID_SOURCE_IP/, 'the pod sent from an address that is not its own'],
  [/^UNSUPPORTED_L[23]/, 'a frame that is no IP, such as neighbour discovery: the datapath does not forward it, nobody misses it'],
  [/^CT_.*(TRUNC|INVALID_HDR|INVALID_HEADER)|INHDR|CSUM|CHECKSUM/, 'the header of the packet is broken or cut'],
  [/^FIB_LOOKUP|NO_ROUTE|OUTNOROUTES/, 'the node has no route there'],
  [/^NO_TUNNEL/, 'no node is known for the address, so nothing to tunnel to'],
  [/LISTEN_OVERFLOW|BACKLOG/, 'the receiver takes new connections slower than they come'],
];

function policyWords(context: DropContext): string {
  const { drop, form, refusal } = context;
  if (drop.reason.startsWith('AUTH_REQUIRED')) return 'a policy asks for mutual authentication, and there was none';
  if (form === 'named deny') {
    const names = refusal?.deniedBy.map(({ name }) => name).join(', ') ?? '';
    return names === '' ? 'a deny rule says so, which one nobody told' : `a deny rule of ${names} says so`;
  }
  const end = refusingEnd(context);
  if (form === '' || end === undefined) return 'no rule of a policy allows it';
  return `a policy selects ${short(end)} for ${dropSide(context)}: what no rule allows is dropped`;
}

function closestWords({ refusal }: DropContext): string[] {
  const closest = refusal?.closest;
  if (closest === undefined || closest.misses.length === 0) return [];
  const where = [closest.rule, closest.policy === undefined ? '' : `of ${closest.policy.name}`].filter((part) => part !== '').join(' ');
  return [`closest is ${where === '' ? 'a rule' : where}, but ${closest.misses.join('; ')}`];
}

/** Others that are named. */
const MAX_SIBLINGS = 3;

// whom the same policy lets through on the same port: what the refused one is not
function siblingWords(context: DropContext): string[] {
  const { state, drop, refusal, momentMs } = context;
  const side = dropSide(context);
  if (side === '' || refusal === undefined || refusal.selecting.length === 0) return [];
  const [mine, other] = side === 'egress' ? ['source', 'destination'] as const : ['destination', 'source'] as const;
  const names = new Set<string>();
  for (const id of state.allowedBy.ids()) {
    const pair = state.directory.pairAt(id);
    if (id === drop.pairId || pair.port !== drop.pair.port || pair[mine].name !== drop.pair[mine].name) continue;
    if (state.allowedBy.of(id, momentMs).some(({ policy }) => refusal.selecting.some(({ name }) => name === policy.name))) names.add(short(pair[other]));
  }
  if (names.size === 0) return [];
  const listed = [...names].sort();
  const more = listed.length > MAX_SIBLINGS ? ` and ${listed.length - MAX_SIBLINGS} more` : '';
  return [`the same policy lets ${listed.slice(0, MAX_SIBLINGS).join(', ')}${more} through`];
}

// what is refused may be a part of the pair only
function partWords(context: DropContext): string[] {
  const { history } = context;
  if (history.stillAnsweredPerSecond < 0.05 || context.drop.class === 'ok') return [];
  const pods = podsOf(context, 'destinations');
  const only = pods.length === 1 ? `; all refused packets that were read went to ${pods[0]}` : '';
  return [`a part of this pair still works${only}`];
}

/** A party without its namespace. */
export function short(party: Party): string {
  return party.workload === '' ? party.name : party.workload;
}
