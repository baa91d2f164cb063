import { scrub } from '../lib/scrub.ts';
import type { TcpCount, TcpSide } from '../wire/gen/hubtop.ts';
import type { Bucket } from './bucket.ts';
import { dropKey, dropKeyParts, type Directory } from './directory.ts';

/** Names of what is counted of TCP, reasons of resets among them; more are somebody's trick. */
const MAX_NAMES = 256;
const MAX_NAME = 48;
const TCP = 6;

/** At whose end something was seen: `by` whose stack. */
export type TcpEnd = 'client' | 'server';

/** What is counted of each end, and the fields of a report that it is made of. */
const FIELDS = {
  again: 'retransmits', shakes: 'handshakes', shakeNs: 'handshake_ns', attach: 'no_syn_attach', evicted: 'no_syn_evicted', stray: 'no_syn', strayReset: 'no_syn_reset',
} as const;
type TcpName = keyof typeof FIELDS;

/** Names of counts by number, as part of their keys. */
export class TcpNames {
  private readonly names: string[] = [];
  private readonly ids = new Map<string, number>();

  /** Undefined where there is no room for another. */
  id(name: string): number | undefined {
    const known = this.ids.get(name);
    if (known !== undefined || this.names.length >= MAX_NAMES) return known;
    this.ids.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  at(id: number): string {
    return this.names[id] ?? '';
  }
}

/** What TCP did between some pairs in a window. */
export interface TcpFigures {
  /** Segments sent again, by whose stack. */
  again: Record<TcpEnd, number>;
  /** Mean time from SYN to SYN-ACK, at the client where it was seen there, in microseconds; undefined where none was seen. */
  handshakeUs: number | undefined;
  /** Connections that began with ACK and without SYN, not counting those of an agent's first minute on a device; and of them
   *  those that connection tracking may have evicted, and those that a RST answered. */
  strays: number;
  evicted: number;
  straysReset: number;
  /** The most frequent first. */
  resets: { by: TcpEnd; reason: string; count: number }[];
}

/** Takes what a report says of TCP into a bucket. */
export function takeTcp(state: { directory: Directory; tcpNames: TcpNames }, { tcp }: Bucket, { source, destination, port = 0, egress, ingress }: TcpCount): void {
  const { directory, tcpNames } = state;
  const pair = directory.pair(directory.party(source), directory.party(destination), port, TCP);
  const add = (name: string, count: number): void => {
    const id = count > 0 ? tcpNames.id(name) : undefined;
    if (id !== undefined) tcp.add(dropKey(id, pair), count);
  };
  for (const [end, side] of [['client', egress], ['server', ingress]] as const) takeSide(side, (name, count) => { add(`${end} ${name}`, count); });
}

function takeSide(side: TcpSide | undefined, add: (name: string, count: number) => void): void {
  for (const [name, field] of Object.entries(FIELDS)) add(name, side?.[field] ?? 0);
  for (const { reason = '', count = 0 } of side?.resets ?? []) add(`RST ${scrub(reason, MAX_NAME)}`, count);
}

/** What a window says of some pairs; undefined where nobody told of their TCP. */
export function tcpFigures({ tcpNames }: { tcpNames: TcpNames }, { tcp }: Bucket, pairs: readonly number[]): TcpFigures | undefined {
  const wanted = new Set(pairs);
  const counts = new Map<string, number>();
  tcp.forEach((key, count) => {
    const { reason, pair } = dropKeyParts(key);
    const name = tcpNames.at(reason);
    if (wanted.has(pair)) counts.set(name, (counts.get(name) ?? 0) + count);
  });
  return counts.size === 0 ? undefined : figuresOf(counts);
}

/** Pairs with connections that began without SYN and that a RST answered. */
export function deadPairs({ tcpNames }: { tcpNames: TcpNames }, { tcp }: Bucket): Set<number> {
  const found = new Set<number>();
  tcp.forEach((key) => {
    const { reason, pair } = dropKeyParts(key);
    if (tcpNames.at(reason).endsWith(' strayReset')) found.add(pair);
  });
  return found;
}

function figuresOf(counts: ReadonlyMap<string, number>): TcpFigures {
  const of = (end: TcpEnd, name: TcpName): number => counts.get(`${end} ${name}`) ?? 0;
  // one connection may be seen at both ends
  const most = (name: TcpName): number => Math.max(of('client', name), of('server', name));
  const end = of('client', 'shakes') > 0 ? 'client' : 'server';
  const resets = [...counts].flatMap(([name, count]) => {
    const [, by, reason] = /^(client|server) RST (.*)$/.exec(name) ?? [];
    return by === undefined ? [] : [{ by: by as TcpEnd, reason: reason ?? '', count }];
  });
  return {
    again: { client: of('client', 'again'), server: of('server', 'again') },
    handshakeUs: of(end, 'shakes') > 0 ? of(end, 'shakeNs') / of(end, 'shakes') / 1000 : undefined,
    strays: most('stray') + most('evicted'), evicted: most('evicted'), straysReset: most('strayReset'),
    resets: resets.sort((one, other) => other.count - one.count),
  };
}
