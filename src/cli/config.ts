import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseDuration } from '../flow/time-parse.ts';
import { type Command, CommandError, UsageError } from './command.ts';
import { configPath, connectionFlags, readConfigFile } from './connection-flags.ts';
import { type Flag, type FlagValues, parseBool } from './flags.ts';

/** Rights of a config folder that is made, as hubble makes it. */
const folderMode = 0o750;

const defaults: ReadonlyMap<string, string> = new Map([['server', 'localhost:4245'], ['request-timeout', '12s'], ['timeout', '5s'], ['port-forward-port', '4245'], ['kube-namespace', 'kube-system']]);

/** `hubtop config view|get|set|reset`: the file that hubble and hubtop share. */
export const config: Command = {
  usage: 'config view | get [KEY] | set KEY [VALUE] | reset [KEY]',
  summary: 'The connection settings kept in a file, shared with hubble',
  flags: connectionFlags,
  usageExitCode: 1,
  maxPositionals: 3,
  async run(values, [verb = '', key, value], context) {
    const path = values.text('config') ?? context.env['HUBBLE_CONFIG'] ?? configPath(context.env);
    if (key !== undefined && settable(key) === undefined) throw new UsageError(`unknown key: ${key}`);
    switch (verb) {
      case 'view':
        await context.print(writeYaml(effective(values, path, context.env)));
        return 0;
      case 'get':
        await context.print(key === undefined ? writeYaml(effective(values, path, context.env)) : `${effective(values, path, context.env)[key] ?? ''}\n`);
        return 0;
      case 'set':
        if (key === undefined) throw new UsageError('which setting? hubtop config set KEY [VALUE]');
        save(path, { ...readConfigFile(path), [key]: checked(key, value ?? '') });
        return 0;
      case 'reset':
        reset(path, key);
        return 0;
      default:
        throw new UsageError(verb === '' ? 'view, get, set or reset?' : `unknown command "${verb}" for "hubtop config"`);
    }
  },
};

function settable(key: string): Flag | undefined {
  return key === 'config' ? undefined : connectionFlags.find((flag) => flag.name === key);
}

function effective(values: FlagValues, path: string, env: Record<string, string | undefined>): Record<string, string> {
  const file = readConfigFile(path);
  const result: Record<string, string> = {};
  for (const flag of connectionFlags) {
    if (settable(flag.name) === undefined) continue;
    const given = flag.kind === 'list' ? values.list(flag.name).join(',') : (values.text(flag.name) ?? '');
    const fallback = defaults.get(flag.name) ?? (flag.kind === 'bool' ? 'false' : '');
    result[flag.name] = given === '' ? (env[`HUBBLE_${flag.name.toUpperCase().replaceAll('-', '_')}`] ?? file[flag.name] ?? fallback) : given;
  }
  return result;
}

function checked(key: string, value: string): string {
  if (settable(key)?.kind === 'bool' && parseBool(value) === undefined) throw new UsageError(`invalid value "${value}" for ${key}: expected true or false`);
  if (settable(key)?.kind === 'count' && !/^\d{1,15}$/.test(value)) throw new UsageError(`invalid value "${value}" for ${key}: expected a whole number`);
  if (key.endsWith('timeout') && parseDuration(value) === undefined) throw new UsageError(`invalid value "${value}" for ${key}: expected a duration such as 12s`);
  return value;
}

function reset(path: string, key: string | undefined): void {
  const kept = readConfigFile(path);
  for (const name of key === undefined ? Object.keys(kept).filter((each) => settable(each) !== undefined) : [key]) Reflect.deleteProperty(kept, name);
  save(path, kept);
}

function save(path: string, settings: Record<string, string>): void {
  const text = writeYaml(settings);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: folderMode });
    if (existingText(path) !== text) writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw new CommandError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function existingText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Sorted by name; lists as lists, booleans bare, all else quoted where YAML would read it otherwise. */
function writeYaml(settings: Record<string, string>): string {
  return Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, value]) => {
    const kind = settable(name)?.kind;
    if (kind === 'list') return value === '' ? `${name}: []\n` : `${name}:\n${value.split(',').map((item) => `- ${quoted(item)}\n`).join('')}`;
    if (kind === 'bool') return `${name}: ${String(parseBool(value) ?? false)}\n`;
    return `${name}: ${kind === 'count' && /^\d+$/.test(value) ? value : quoted(value)}\n`;
  }).join('');
}

function quoted(text: string): string {
  return /^[A-Za-z/][-\w./:]*$/.test(text) || /^\d+[a-z]+$/.test(text) ? text : JSON.stringify(text);
}
