import { readFileSync, writeFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import type { MachineMap, MachineTables } from '../../agent/kernel/machine-maps.ts';
import { jsonText, SCHEMA } from '../export/data.ts';
import { scrub } from '../lib/scrub.ts';
import { sleep } from '../rpc/sleep.ts';
import { grouped, percent } from '../screen/format.ts';
import { type Command, CommandError, type CommandContext, UsageError } from './command.ts';
import { describeFailure } from './describe-failure.ts';
import type { FlagValues } from './flags.ts';
import { printTable, TABLES } from './maps-tables.ts';
import { splitList } from './serving-flags.ts';

const [MIN_INTERVAL, MAX_INTERVAL] = [0.2, 3600];
const MAX_SNAPSHOT_BYTES = 64 * 1024 * 1024;
const KIND = 'maps';

/** `hubtop maps`, `maps snapshot FILE`, `maps diff OLD [NEW]`, and the tables of a running agent. */
export const maps: Command = {
  usage: 'maps [snapshot FILE | diff OLD [NEW] | ct | endpoints | services | policy] [flags]',
  summary: 'Every BPF map of this machine: type, size, entries, who uses it; snapshots and what changed between them; connections, endpoints, services and policies of the agents here (root)',
  flags: [
    { name: 'interval', kind: 'text', value: 'SECONDS', help: 'read twice, so long after each other, and say how maps grow a minute' },
    { name: 'output', short: 'o', kind: 'text', value: 'FORMAT', help: 'text or json (default text); tables as JSON are an object a line' },
    { name: 'agent', kind: 'text', value: 'WHO', help: 'node name or process of the one agent that is meant (default: all on this machine)', group: 'Tables' },
    { name: 'limit', kind: 'count', value: 'N', help: 'rows of each agent (default: all, as they come)', group: 'Tables' },
    { name: 'objects', kind: 'list', value: 'PATH', help: 'Kubernetes objects that give addresses their names', group: 'Tables' },
  ],
  details: 'Entries are exact where the kernel counts (hashes), ~ where keys were walked over (tries), - where nobody can say (arrays). Evictions are known of our own connection tables alone.\ndiff without NEW compares with this moment.\nct lists tracked connections, endpoints whose an address is, services where sockets are sent, policy what is decided at each endpoint, \nout of the maps of the agents that run here; * = its beginning was not seen, NOT YET TOLD are packets no event has reported.',
  usageExitCode: 2,
  maxPositionals: 3,
  async run(values, [verb, first, second], context) {
    const isJson = readIsJson(values);
    const intervalMs = readInterval(values.text('interval'));
    if (verb !== undefined && TABLES.includes(verb) && first === undefined) {
      return printTable({ table: verb, agent: values.text('agent'), limit: values.count('limit'), objects: splitList(values.list('objects')), isJson }, context);
    }
    if (verb === undefined) return list(intervalMs, isJson, context);
    if (intervalMs !== undefined) throw new UsageError('--interval goes with the list alone');
    if (verb === 'snapshot' && first !== undefined && second === undefined) return snapshot(first, context);
    if (verb === 'diff' && first !== undefined) return diff(first, second, isJson, context);
    throw new UsageError(verb === 'snapshot' ? 'snapshot needs the FILE to write: hubtop maps snapshot FILE' : verb === 'diff' ? 'diff needs a snapshot: hubtop maps diff OLD [NEW]' : `unknown: maps ${verb}; there is snapshot, diff, ${TABLES.join(', ')}`);
  },
};

/** Maps at a moment, as a file keeps them. */
interface Snapshot extends MachineTables {
  timeMs: number;
  machine: string;
}

function readIsJson(values: FlagValues): boolean {
  const format = values.text('output') ?? 'text';
  if (format !== 'text' && format !== 'json') throw new UsageError(`invalid output format: ${format}: expected text or json`);
  return format === 'json';
}

function readInterval(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= MIN_INTERVAL && seconds <= MAX_INTERVAL)) throw new UsageError(`invalid argument "${text}" for "--interval" flag: expected seconds, ${MIN_INTERVAL} to ${MAX_INTERVAL}`);
  return seconds * 1000;
}

async function readings(count: number, pauseMs: number, context: CommandContext): Promise<Snapshot[]> {
  const { MachineMaps } = await import('../../agent/kernel/machine-maps.ts');
  const machine = openMachine(() => new MachineMaps());
  try {
    const taken: Snapshot[] = [];
    for (let i = 0; i < count && !context.signal.aborted; i++) {
      if (i > 0) await sleep(pauseMs, context.signal);
      taken.push({ timeMs: Date.now(), machine: `${hostname()}, kernel ${release()}`, ...machine.read() });
    }
    return taken;
  } finally {
    machine.close();
  }
}

// what is missing is said as of the agent, which needs the same
function openMachine<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw new CommandError(describeFailure(error).replaceAll('hubtop agent', 'hubtop maps'));
  }
}

async function list(intervalMs: number | undefined, isJson: boolean, context: CommandContext): Promise<number> {
  const taken = await readings(intervalMs === undefined ? 1 : 2, intervalMs ?? 0, context);
  const now = taken.at(-1);
  const before = taken.length > 1 ? taken[0] : undefined;
  if (now === undefined) return 1;
  const growth = new Map(now.maps.map((map) => [map.id, growthPerMinute(map, now, before)]));
  await context.print(isJson
    ? `${jsonText({ ...snapshotData(now), maps: now.maps.map((map) => ({ ...mapData(map), growth_per_minute: growth.get(map.id) ?? null })) })}\n`
    : table(now, before === undefined ? undefined : growth));
  return 0;
}

function growthPerMinute({ id, entries }: MachineMap, now: Snapshot, before: Snapshot | undefined): number | undefined {
  const then = before?.maps.find((map) => map.id === id)?.entries;
  return then === undefined || entries === undefined || before === undefined ? undefined : Math.round(((entries - then) * 60_000) / Math.max(1, now.timeMs - before.timeMs));
}

function table(now: Snapshot, growth: ReadonlyMap<number, number | undefined> | undefined): string {
  const sorted = now.maps.toSorted((one, other) => fill(other) - fill(one) || (other.entries ?? -1) - (one.entries ?? -1) || one.id - other.id);
  const rows = sorted.map((map) => [
    String(map.id), scrub(map.name, 16) || '-', map.type, map.entries === undefined ? '-' : `${map.countedBy === 'walk' ? '~' : ''}${grouped(map.entries)}`, grouped(map.maxEntries), map.entries === undefined ? '-' : percent(fill(map)),
    map.evicted === undefined ? '-' : grouped(map.evicted),
    ...(growth === undefined ? [] : [growthText(growth.get(map.id))]), map.owners.map((name) => scrub(name, 16)).join(' ') || '-',
  ]);
  const head = ['ID', 'NAME', 'TYPE', 'ENTRIES', 'MAX', 'FULL', 'EVICTED', ...(growth === undefined ? [] : ['GROWTH/min']), 'USED BY'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const isLeft = (i: number): boolean => i === 1 || i === 2 || i === head.length - 1;
  const lines = [head, ...rows].map((row) => row.map((cell, i) => (isLeft(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ').trimEnd());
  const conntrack = now.conntrack.map((row) => `nf_conntrack of this network namespace: ${grouped(row.entries)} of ${grouped(row.maxEntries)}, ${percent(row.entries / Math.max(1, row.maxEntries))} full; since boot ${grouped(row.insertFailed)} refused, ${grouped(row.drop)} dropped, ${grouped(row.earlyDrop)} pushed out`);
  return `${[...(rows.length === 0 ? ['no BPF map on this machine'] : lines), ...(conntrack.length === 0 ? [] : ['', ...conntrack])].join('\n')}\n`;
}

function fill({ entries, maxEntries }: MachineMap): number {
  return entries === undefined ? -1 : entries / Math.max(1, maxEntries);
}

function growthText(perMinute: number | undefined): string {
  return perMinute === undefined ? '-' : perMinute > 0 ? `+${grouped(perMinute)}` : perMinute < 0 ? `-${grouped(-perMinute)}` : '0';
}

function mapData({ id, name, type, entries, maxEntries, owners, countedBy, evicted }: MachineMap): Record<string, unknown> {
  return { id, name, type, entries: entries ?? null, counted_by: countedBy ?? null, max_entries: maxEntries, evicted: evicted ?? null, used_by: owners };
}

function snapshotData(snapshot_: Snapshot): Record<string, unknown> {
  return {
    schema: SCHEMA, kind: KIND, time: new Date(snapshot_.timeMs).toISOString(), machine: snapshot_.machine, maps: snapshot_.maps.map(mapData),
    conntrack: snapshot_.conntrack.map(({ entries, maxEntries, insertFailed, drop, earlyDrop }) => ({ entries, max_entries: maxEntries, insert_failed: insertFailed, drop, early_drop: earlyDrop })),
    services: [...snapshot_.services ?? []].map(([address, backends]) => ({ address, backends })),
  };
}

async function snapshot(path: string, context: CommandContext): Promise<number> {
  const [now] = await readings(1, 0, context);
  if (now === undefined) return 1;
  try {
    writeFileSync(path, `${jsonText(snapshotData(now), 1)}\n`, { flag: 'wx' });
  } catch (error) {
    throw new CommandError((error as NodeJS.ErrnoException).code === 'EEXIST' ? `${path} exists already: choose another name` : `cannot write ${path}: ${describeFailure(error)}`);
  }
  await context.print(`${grouped(now.maps.length)} maps written to ${path}\n`);
  return 0;
}

async function diff(oldPath: string, newPath: string | undefined, isJson: boolean, context: CommandContext): Promise<number> {
  const before = readSnapshot(oldPath);
  const after = newPath === undefined ? (await readings(1, 0, context))[0] : readSnapshot(newPath);
  if (after === undefined) return 1;
  if (after.timeMs < before.timeMs) throw new UsageError(`${newPath ?? 'this moment'} is older than ${oldPath}: the older one comes first`);
  const { diffWords } = await import('../../agent/kernel/tables-diff.ts');
  const seconds = (after.timeMs - before.timeMs) / 1000;
  const words = diffWords(before, after, seconds).map((line) => scrub(line, 300));
  if (isJson) await context.print(`${jsonText({ schema: SCHEMA, kind: 'maps-diff', from: new Date(before.timeMs).toISOString(), to: new Date(after.timeMs).toISOString(), changes: words })}\n`);
  else await context.print(`${[`${Math.round(seconds)} s later:`, ...(words.length === 0 ? ['nothing changed'] : words)].join('\n')}\n`);
  return 0;
}

/** Reads what `maps snapshot` wrote; anybody may have written it. */
function readSnapshot(path: string): Snapshot {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${describeFailure(error)}`);
  }
  const data = text.length > MAX_SNAPSHOT_BYTES ? undefined : parse(text);
  if (data?.['schema'] !== SCHEMA || data['kind'] !== KIND || !Array.isArray(data['maps'])) throw new CommandError(`${path} is no snapshot of hubtop maps`);
  return {
    timeMs: Date.parse(String(data['time'])) || 0, machine: String(data['machine']),
    maps: records(data['maps']).map((map) => ({
      id: number(map['id']), name: String(map['name'] ?? ''), type: String(map['type'] ?? ''), maxEntries: number(map['max_entries']), isOwn: false, owners: [],
      ...(typeof map['entries'] === 'number' ? { entries: map['entries'] } : {}), ...(typeof map['evicted'] === 'number' ? { evicted: map['evicted'] } : {}),
    })),
    conntrack: records(data['conntrack']).map((row) => ({ namespace: '', entries: number(row['entries']), maxEntries: number(row['max_entries']), insertFailed: number(row['insert_failed']), drop: number(row['drop']), earlyDrop: number(row['early_drop']) })),
    ...(Array.isArray(data['services']) ? { services: new Map(records(data['services']).map((row) => [String(row['address']), number(row['backends'])])) } : {}),
  };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return records([value])[0];
  } catch {
    return undefined;
  }
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null && !Array.isArray(one)) : [];
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
