import { parseTime } from '../flow/time-parse.ts';
import type { Timestamp } from '../wire/gen/google.ts';
import { UsageError } from './command.ts';
import type { Flag, FlagValues } from './flags.ts';

const group = 'Selection';

/** Which part of the history, and whether to go on. */
export const selectionFlags: readonly Flag[] = [
  { name: 'last', kind: 'count', value: 'N', group, help: 'the N newest (default 20, of each node behind a relay)' },
  { name: 'first', kind: 'count', value: 'N', group, help: 'the N oldest' },
  { name: 'all', kind: 'bool', group, help: 'everything there is' },
  { name: 'follow', short: 'f', kind: 'bool', group, help: 'go on with what comes' },
  { name: 'since', kind: 'text', value: 'TIME', group, help: 'not older than: 90s, 1h30m, 2026-03-04T09:15:02Z' },
  { name: 'until', kind: 'text', value: 'TIME', group, help: 'not younger than; without effect when following' },
];

/** The selection fields that all three requests share. */
export interface Selection {
  number?: bigint;
  first?: boolean;
  follow?: boolean;
  since?: Timestamp;
  until?: Timestamp;
}

const defaultLast = 20n;
const everything = 2n ** 64n - 1n;

/** Reads the selection as hubble does for flows (`isEvents`: for agent and debug events, where --first is ignored and 20 is the default even when following). Throws UsageError. */
export function readSelection(values: FlagValues, options: { nowNs: bigint; isFromFile: boolean; isEvents: boolean }): Selection {
  const [first, last] = [values.count('first') ?? 0, values.count('last') ?? 0];
  const [all, follow] = [values.bool('all'), values.bool('follow')];
  for (const [one, other] of [['first', 'last'], ['first', 'all'], ['first', 'follow'], ['last', 'all']] as const) {
    if (isSet(values, one) && isSet(values, other)) throw new UsageError(`cannot set both --${one} and --${other}`);
  }
  const selection: Selection = {};
  if (follow) selection.follow = true;
  const since = readTime(values, 'since', options.nowNs);
  const until = follow ? undefined : readTime(values, 'until', options.nowNs);
  if (since !== undefined) selection.since = since;
  if (until !== undefined) selection.until = until;
  if (last > 0) selection.number = BigInt(last);
  if (first > 0 && !options.isEvents) {
    selection.number = BigInt(first);
    selection.first = true;
  }
  if (all) selection.number = everything;
  const isOpen = since === undefined && values.text('until') === undefined && selection.number === undefined;
  if (isOpen && !options.isFromFile && (options.isEvents || !follow)) selection.number = defaultLast;
  return selection;
}

function isSet(values: FlagValues, name: string): boolean {
  return name === 'all' || name === 'follow' ? values.bool(name) : (values.count(name) ?? 0) > 0;
}

function readTime(values: FlagValues, name: 'since' | 'until', nowNs: bigint): Timestamp | undefined {
  const text = values.text(name) ?? '';
  if (text === '') return undefined;
  const time = parseTime(text, nowNs);
  if (time === undefined) throw new UsageError(`failed to parse the ${name} time: failed to convert ${text} to time`);
  return time;
}
