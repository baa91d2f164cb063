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
