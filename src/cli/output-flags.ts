import type { TextFormat } from '../flow/flow-printer.ts';
import type { TextOptions } from '../flow/text-pieces.ts';
import { makeTimeFormatter } from '../flow/time-format.ts';
import { type CommandContext, UsageError } from './command.ts';
import type { Flag, FlagValues } from './flags.ts';

const group = 'Output';

/** How flows and events are printed. */
export const outputFlags: readonly Flag[] = [
  { name: 'output', short: 'o', kind: 'text', value: 'FORMAT', group, help: 'compact (default), dict, table, json, jsonpb' },
  { name: 'print-node-name', kind: 'bool', group, help: 'say which node saw it' },
  { name: 'print-policy-names', kind: 'bool', group, help: 'name the policies that allowed or denied it' },
  { name: 'time-format', kind: 'text', value: 'NAME', group, help: 'StampMilli (default), YearMonthDay, YearMonthDayHour, YearMonthDayHourMinute, RFC3339, RFC3339Milli, RFC3339Micro, RFC3339Nano, RFC1123Z' },
  { name: 'color', kind: 'text', value: 'WHEN', group, help: 'auto (default), always, never' },
  { name: 'ip-translation', kind: 'bool', group, help: 'names instead of addresses (default true)' },
  { name: 'numeric', kind: 'bool', group, help: 'addresses instead of names' },
  { name: 'silent-errors', short: 's', kind: 'bool', group, help: 'nothing on stderr from the printer' },
];

/** The chosen format and what goes with it. */
export interface OutputChoice {
  format: TextFormat | 'json';
  /** The name as it was given, for messages. */
  formatName: string;
  text: TextOptions & { showsAllStatus: boolean };
  isSilent: boolean;
  /** Bare flows instead of whole responses. */
  isLegacyJson: boolean;
}

const formats: ReadonlyMap<string, OutputChoice['format']> = new Map([['compact', 'compact'], ['dict', 'dict'], ['table', 'table'], ['tab', 'table'], ['json', 'json'], ['jsonpb', 'json']]);

/** Reads the output flags; throws UsageError with hubble's words. */
export function readOutput(values: FlagValues, context: CommandContext, isDebug: boolean): OutputChoice {
  const formatName = (values.text('output') ?? 'compact').toLowerCase();
  const format = formats.get(formatName);
  if (format === undefined) throw new UsageError(`invalid output format: ${values.text('output')}`);
  if (format === 'table' && values.bool('follow')) throw new UsageError('table output format is not compatible with follow mode');
  const colour = values.text('color') ?? 'auto';
  if (!['auto', 'always', 'never'].includes(colour)) throw new UsageError(`invalid color mode: ${colour}`);
  return {
    format,
    formatName,
    isSilent: values.bool('silent-errors'),
    isLegacyJson: formatName === 'json' && (context.env['HUBBLE_COMPAT'] ?? '').split(',').includes('legacy-json-output'),
    text: {
      formatTime: makeTimeFormatter(values.text('time-format') ?? 'StampMilli'),
      showNode: values.bool('print-node-name'),
      showPolicyNames: values.bool('print-policy-names'),
      translatesIps: !values.bool('numeric') && (values.text('ip-translation') === undefined || values.bool('ip-translation')),
      // a table is aligned by counting characters: it never has colours
      colour: format !== 'table' && (colour === 'always' || (colour === 'auto' && isColourTerminal(context))),
      showsAllStatus: isDebug,
    },
  };
}

function isColourTerminal({ env, stdoutIsTty }: CommandContext): boolean {
  return stdoutIsTty && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}
