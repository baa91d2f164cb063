import { type FlagWord, filterFlagWords, filterJson } from '../flow/filter-command.ts';
import { shellWord } from '../flow/shell-word.ts';
import type { FlowFilter } from '../wire/gen/flow.ts';
import { type Chip, chipText, filtersOf, isAboutEnds, runsHere } from './chips.ts';
import { DROP_REASON_NUMBERS } from './drop-words.ts';

/** A filter as a line for a shell, and what the line cannot say. */
export interface HubbleCommand {
  /** `hubble observe …`, quoted for a POSIX shell, printable ASCII on one line whatever the chips hold. */
  line: string;
  /** Where `hubble` shows more than the chips let through, one sentence each; empty where the two are the same. */
  notes: string[];
}

/** Times of the past instead of following, and whether replies are asked for too. */
export interface CommandSpan {
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  /** What was dropped has no replies: the line asks for one direction only. */
  isOneWay?: boolean;
}

/** The `hubble observe` line that asks a relay for what the chips ask for, flag by flag where there are flags, else as raw filters. */
export function hubbleCommand(chips: readonly Chip[], span: CommandSpan = {}): HubbleCommand {
  const { whitelist, blacklist } = filtersOf(chips, DROP_REASON_NUMBERS);
  const words = [...allowWords(span.isOneWay === true ? whitelist.slice(0, 1) : whitelist), ...denyWords(blacklist), ...spanWords(span)];
  const line = ['hubble observe', ...words.map(({ flag, value }) => (value === '' && VALUELESS.includes(flag) ? flag : `${flag} ${shellWord(value)}`))].join(' ');
  return { line, notes: notesOf(chips) };
}

const VALUELESS: readonly string[] = ['--follow', '--not'];

// flags make one filter; the filters beside it, such as the one for the replies, go as JSON
function allowWords([first, ...rest]: readonly FlowFilter[]): FlagWord[] {
  if (first === undefined) return [];
  const flags = filterFlagWords(first);
  const raw = flags === undefined ? [first, ...rest] : rest;
  return [...(flags ?? []), ...raw.map((filter) => ({ flag: '--allowlist', value: filterJson(filter) }))];
}

// all flags after --not make one filter too: the first that has flags
function denyWords(filters: readonly FlowFilter[]): FlagWord[] {
  const flagged = filters.findIndex((filter) => filterFlagWords(filter) !== undefined);
  return filters.flatMap((filter, i) => (i === flagged
    ? (filterFlagWords(filter) ?? []).flatMap((word) => [{ flag: '--not', value: '' }, word])
    : [{ flag: '--denylist', value: filterJson(filter) }]));
}

function spanWords({ sinceMs, untilMs }: CommandSpan): FlagWord[] {
  if (sinceMs === undefined && untilMs === undefined) return [{ flag: '--follow', value: '' }];
  const time = (flag: string, ms: number | undefined): FlagWord[] => (ms === undefined ? [] : [{ flag, value: new Date(ms).toISOString() }]);
  return [...time('--since', sinceMs), ...time('--until', untilMs)];
}

function notesOf(chips: readonly Chip[]): string[] {
  const notes = chips.filter((chip) => runsHere(chip, DROP_REASON_NUMBERS)).map((chip) => (chip.isNegated
    ? `hubble cannot leave out ${plainText(chip)} alone: it has no number, so the line leaves out all drops of the kernel`
    : `hubble cannot ask for ${plainText(chip)} alone: it has no number, so the line shows all drops of the kernel`));
  if (chips.some((chip) => isAboutEnds(chip) && !chip.isNegated)) notes.push('hubble filters by packet: the line also shows replies that a client gives as a server');
  return [...notes, ...sideNotes(chips, 'from'), ...sideNotes(chips, 'to')];
}

// the request holds only the narrower of two conditions on one side's pods
function sideNotes(chips: readonly Chip[], side: 'from' | 'to'): string[] {
  const names = chips.filter((chip) => !chip.isNegated && chip.field.startsWith(`${side}-`)).map((chip) => ({ chip, start: startOf(chip) }));
  const longest = names.reduce((best, name) => (name.start.length > best.length ? name.start : best), '');
  return names.filter(({ start }) => !longest.startsWith(start)).map(({ chip }) => `hubble has no place for ${plainText(chip)} beside the other condition on that side`);
}

function startOf(chip: Chip): string {
  if (chip.field.endsWith('-namespace')) return `${chip.value}/`;
  if (chip.field.endsWith('-workload')) return chip.value.includes('/') ? `${chip.value.split('/')[0]}/` : '';
  return chip.value;
}

// notes may be pasted behind a # or shown on a status line
function plainText(chip: Chip): string {
  const text = chipText({ ...chip, isNegated: false });
  return /^[\w.,:/=-]+$/.test(text) ? text : chip.field;
}
