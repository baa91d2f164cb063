/** The command line's grammar, as Go's pflag has it (which `hubble` uses): one table a command, help made from the same table. */

/** One flag. `list` may be repeated; `optional` takes no value unless written as --flag=value. */
export interface Flag {
  name: string;
  short?: string;
  kind: 'bool' | 'text' | 'count' | 'list' | 'optional';
  /** Name of the value in the help text. */
  value?: string;
  help: string;
  /** A group's title in the help text. */
  group?: string;
  isHidden?: boolean;
}

/** One flag as it was written: order matters to --not. */
export interface GivenFlag {
  name: string;
  value: string;
}

/** What stood on the command line. */
export interface ParsedFlags {
  given: GivenFlag[];
  positionals: string[];
}

export type FlagResult = { ok: true; parsed: ParsedFlags } | { ok: false; error: string };

/** Reads arguments by the table; the first wrong one ends it. Flags may stand anywhere before `--`. */
export function parseFlags(flags: readonly Flag[], args: readonly string[]): FlagResult {
  const parsed: ParsedFlags = { given: [], positionals: [] };
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      parsed.positionals.push(...rest);
      break;
    }
    const error = arg.startsWith('--') ? readLong(flags, arg, rest, parsed) : isShort(arg) ? readShorts(flags, arg, rest, parsed) : undefined;
    if (error !== undefined) return { ok: false, error };
    if (!arg.startsWith('-') || arg === '-') parsed.positionals.push(arg);
  }
  return { ok: true, parsed };
}

/** Whether a word of the command line is a cluster of short flags; a lone dash is not. */
function isShort(arg: string): boolean {
  return arg.startsWith('-') && arg !== '-';
}

function readLong(flags: readonly Flag[], arg: string, rest: string[], parsed: ParsedFlags): string | undefined {
  const equals = arg.indexOf('=');
  const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
  const flag = flags.find((candidate) => candidate.name === name);
  if (flag === undefined) return `unknown flag: --${name}`;
  if (equals >= 0) return store(flag, arg.slice(equals + 1), parsed);
  if (flag.kind === 'bool' || flag.kind === 'optional') return store(flag, 'true', parsed);
  const value = rest.shift();
  return value === undefined ? `flag needs an argument: --${name}` : store(flag, value, parsed);
}

function readShorts(flags: readonly Flag[], arg: string, rest: string[], parsed: ParsedFlags): string | undefined {
  for (let i = 1; i < arg.length; i += 1) {
    const flag = flags.find((candidate) => candidate.short === arg[i]);
    if (flag === undefined) return `unknown shorthand flag: '${arg[i]}' in ${arg}`;
    if (flag.kind === 'bool' || flag.kind === 'optional') {
      if (arg[i + 1] === '=') return store(flag, arg.slice(i + 2), parsed);
      const error = store(flag, 'true', parsed);
      if (error !== undefined) return error;
      continue;
    }
    const glued = arg.slice(i + 1).replace(/^=/, '');
    const value = i + 1 < arg.length ? glued : rest.shift();
    return value === undefined ? `flag needs an argument: '${arg[i]}' in ${arg}` : store(flag, value, parsed);
  }
  return undefined;
}

function store(flag: Flag, value: string, parsed: ParsedFlags): string | undefined {
  const label = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
  if (flag.kind === 'bool' && parseBool(value) === undefined) return `invalid argument "${value}" for "${label}" flag: expected true or false`;
  if (flag.kind === 'count' && !/^\d{1,15}$/.test(value)) return `invalid argument "${value}" for "${label}" flag: expected a whole number`;
  parsed.given.push({ name: flag.name, value });
  return undefined;
}

/** The spellings of a boolean that Go accepts. */
export function parseBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  return undefined;
}

/** The values by flag name: the last one wins, lists keep all. */
export class FlagValues {
  readonly #given: readonly GivenFlag[];

  constructor(given: readonly GivenFlag[]) {
    this.#given = given;
  }

  has(name: string): boolean {
    return this.#given.some((flag) => flag.name === name);
  }

  text(name: string): string | undefined {
    return this.#given.findLast((flag) => flag.name === name)?.value;
  }

  bool(name: string): boolean {
    return parseBool(this.text(name) ?? 'false') ?? false;
  }

  count(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }

  list(name: string): string[] {
    return this.#given.filter((flag) => flag.name === name).map((flag) => flag.value);
  }

  get given(): readonly GivenFlag[] {
    return this.#given;
  }
}

/** The flags as help text, one line each, by group. */
export function describeFlags(flags: readonly Flag[]): string {
  const shown = flags.filter((flag) => flag.isHidden !== true);
  const heads = new Map(shown.map((flag) => [flag, headOf(flag)]));
  const width = Math.max(0, ...[...heads.values()].map((head) => head.length)) + 3;
  const lines: string[] = [];
  for (const title of new Set(shown.map((flag) => flag.group ?? 'Flags'))) {
    lines.push('', `${title}:`);
    for (const flag of shown) if ((flag.group ?? 'Flags') === title) lines.push(`  ${(heads.get(flag) ?? '').padEnd(width)}${flag.help}`);
  }
  return lines.join('\n');
}

function headOf(flag: Flag): string {
  return `${flag.short === undefined ? '    ' : `-${flag.short}, `}--${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}`;
}
