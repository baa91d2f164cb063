import { enumNames } from '../wire/codec.ts';
import { DropReason, DropReasonEnum } from '../wire/gen/flow.ts';

/** Reason name for drops of the kernel whose name did not come along. */
export const KERNEL_DROP = 'kernel drop';

/** Hubble's name of a drop reason number, such as POLICY_DENIED; `REASON 999` for one we do not know. */
export function dropReasonName(reason: number): string {
  return enumNames(DropReasonEnum).get(reason) ?? `REASON ${reason}`;
}

/** Numbers by name, for filters. */
export const DROP_REASON_NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries(DropReason).map(([name, number]) => [name, number as number]));

/** What kind of trouble a drop reason is: it decides the words and what to do next. */
export type DropClass = 'pol' | 'cap' | 'rtg' | 'svc' | 'app' | 'pkt' | 'ok' | 'oth';

const CLASSES: readonly [RegExp, DropClass][] = [
  [/TRUNC|INVALID_SOURCE|INVALID_DEST|MALFORMED|CSUM|CHECKSUM|INHDR|PKT_TOO|TOO_SMALL/, 'pkt'],
  [/^POLICY|AUTH_REQUIRED|DENIED|BLOCKED/, 'pol'],
  [/^NO_SOCKET|TCP_RESET|SOCKET_FILTER|SOCKET_RCVBUFF|SOCKET_BACKLOG|TCP_LISTEN_OVERFLOW/, 'app'],
  [/UNSUPPORTED_L2|UNSUPPORTED_L3|IPV6_?NDISC|TCP_OLD_DATA|TCP_OLD_ACK|TCP_FLAGS|IP6?_OUTNOROUTES/, 'ok'],
  [/CT_|NAT|MAP|FRAG|QDISC|FULL|NOMEM|BACKLOG|RATE|OVERLIMIT|NO_SPACE/, 'cap'],
  [/STALE|ROUTE|NEIGH|FIB|TUNNEL|UNKNOWN_L3|RPFILTER|UNROUTABLE/, 'rtg'],
  [/SERVICE|BACKEND/, 'svc'],
  [/INVALID/, 'pkt'],
];

/** Class of a drop reason by its name; kernels invent names, so that the rules go by parts of them. */
export function dropClass(reason: string): DropClass {
  return CLASSES.find(([pattern]) => pattern.test(reason))?.[1] ?? 'oth';
}

/** What a drop means: a sentence's end, and at most 15 characters for narrow screens; empty where only the name is known. */
export interface DropWords {
  long: string;
  brief: string;
}

const BY_REASON: readonly [RegExp, DropWords][] = [
  [/^NO_SOCKET/, { long: 'nothing listens there', brief: 'nobody listens' }],
  [/^POLICY_DENIED$/, { long: 'no rule allows it', brief: 'no rule allows' }],
  [/^POLICY_DENY$/, { long: 'a rule denies it', brief: 'a rule denies' }],
  [/^AUTH_REQUIRED/, { long: 'not authenticated', brief: 'not authentic' }],
  [/^INVALID_SOURCE_IP/, { long: 'not its own address', brief: 'false source IP' }],
  [/^STALE_OR_UNROUTABLE/, { long: 'that pod is gone', brief: 'stale address' }],
  [/INVALID_HEADER|INHDR|CSUM|CHECKSUM/, { long: 'broken header', brief: 'broken header' }],
  [/^CT_MAP_INSERTION/, { long: 'no place found', brief: 'conntrack' }],
];

const BY_CLASS: Readonly<Record<DropClass, DropWords>> = {
  pol: { long: 'policy', brief: 'policy' }, cap: { long: 'a table or queue is full', brief: 'something full' }, rtg: { long: 'routing', brief: 'routing' },
  svc: { long: 'no backend', brief: 'no backend' }, app: { long: 'the receiver gave it up', brief: 'by the receiver' }, pkt: { long: 'bad packet', brief: 'bad packet' },
  ok: { long: 'usually harmless', brief: 'harmless' }, oth: { long: '', brief: '' },
};

/** The meaning of a drop reason. */
export function dropWords(reason: string, class_: DropClass): DropWords {
  return BY_REASON.find(([pattern]) => pattern.test(reason))?.[1] ?? BY_CLASS[class_];
}
