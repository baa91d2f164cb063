import { readdirSync, readFileSync } from 'node:fs';
import { loadedPrograms, openMap } from './bpf-ids.ts';
import type { BpfMap } from './bpf-map.ts';
import { parseCounters } from './counters.ts';
import { KernelError } from './kernel-error.ts';
import { closeFd, requireKoffi } from './native.ts';
import { number32 } from './netlink-attributes.ts';
import { requireLinux, requirePrivileges } from './requirements.ts';
import { addressText, readService } from './table-rows.ts';

/** The program that every agent has once: 15 characters of its name. */
const MARK = 'ht_from_endpoin';
/** The program that an agent with a cgroup has once. */
const SOCKET_MARK = 'ht_connect4';
/** The map by which the process is found. */
const MARK_MAP = 'ht_conntrack';
/** Processes looked at. */
const MAX_PROCESSES = 65_536;

/** The tables of an agent that runs on this machine, by name. */
export interface AgentTables {
  /** Undefined where its process cannot be seen from here. */
  pid: number | undefined;
  /** As its command line says. */
  nodeName: string | undefined;
  tables: ReadonlyMap<string, BpfMap>;
  /** Names of devices in its network namespace, as far as they are up. */
  devices: ReadonlyMap<number, string>;
}

/** Tables of all agents on this machine, read with `read` and let go. Asks nothing of the agents: it works while one hangs. */
export async function withAgentTables<T>(read: (agents: readonly AgentTables[]) => Promise<T>): Promise<T> {
  requireLinux();
  requirePrivileges();
  requireKoffi();
  const agents = openAgents();
  try {
    if (agents.length === 0) throw new KernelError('no-object', 'no hubtop agent runs on this machine: its tables are what is read here');
    return await read(agents);
  } finally {
    for (const { tables } of agents) for (const { fd } of tables.values()) closeFd(fd);
  }
}

function openAgents(): AgentTables[] {
  // before any map is opened: this process would hold them as well
  const holders = mapHolders();
  const programs = loadedPrograms();
  return programs.filter(({ name }) => name === MARK).map(({ maps }) => {
    // other programs of the agent have maps that this one does not use
    const byId = openMaps([...new Set(programs.filter((program) => program.maps.some((id) => maps.includes(id))).flatMap((program) => program.maps))]);
    const mark = byId.find(([, { name }]) => name === MARK_MAP)?.[0] ?? 0;
    const pid = holders.get(mark);
    return { pid, nodeName: pid === undefined ? undefined : nodeNameOf(pid), tables: new Map(byId.map(([, map]) => [map.name, map])), devices: pid === undefined ? new Map() : multicastDevices(textOf(`/proc/${pid}/net/dev_mcast`)) };
  });
}

/** Connections that each agent's conntrack took in and nobody took out again, by the map's id: what of them is not in the map was evicted. */
export function trackedConnections(): Map<number, number> {
  const tracked = new Map<number, number>();
  for (const { maps } of loadedPrograms().filter(({ name }) => name === MARK)) {
    const byId = openMaps(maps);
    const [table] = byId.find(([, { name }]) => name === MARK_MAP) ?? [];
    const counters = byId.find(([, { name }]) => name === 'ht_counters')?.[1];
    const value = counters?.lookup(new Uint8Array(4));
    if (table !== undefined && counters !== undefined && value !== undefined) {
      const { conntrackInserted, conntrackDeleted } = parseCounters(value, counters.valueStride);
      tracked.set(table, conntrackInserted - conntrackDeleted);
    }
    for (const [, { fd }] of byId) closeFd(fd);
  }
  return tracked;
}

/** How many backends each service has that sockets are sent to, by `address:port protocol`. */
export function serviceBackends(): Map<string, number> {
  const found = new Map<string, number>();
  for (const { maps } of loadedPrograms().filter(({ name }) => name === SOCKET_MARK)) {
    const byId = openMaps(maps);
    byId.find(([, map]) => map.name === 'ht_services')?.[1].forEach((key, value) => {
      const { ip, port, protocol, isTranslated, backendCount } = readService(key, value, () => undefined);
      if (isTranslated) found.set(`${addressText(ip, port)} ${protocol === 6 ? 'TCP' : protocol === 17 ? 'UDP' : protocol}`, backendCount);
    });
    for (const [, { fd }] of byId) closeFd(fd);
  }
  return found;
}

/** The policy maps of an agent's endpoints, by label set, one after the other: each is let go when the next is asked for. */
export function* policyMaps(outer: BpfMap): Generator<{ labels: number; map: BpfMap }> {
  for (const batch of outer.batches()) {
    const found = batch.map(([key, value]) => [number32(key), number32(value)] as const);
    for (const [labels = 0, id = 0] of found) {
      // replaced meanwhile: its endpoint comes once more or not at all
      const map = openMap(id);
      if (map === undefined) continue;
      try {
        yield { labels, map };
      } finally {
        closeFd(map.fd);
      }
    }
  }
}

function openMaps(ids: readonly number[]): [number, BpfMap][] {
  return ids.flatMap((id): [number, BpfMap][] => {
    const map = openMap(id);
    return map === undefined ? [] : [[id, map]];
  });
}

/** A process that holds each map, by the map's id. */
function mapHolders(): Map<number, number> {
  const holders = new Map<number, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)).slice(0, MAX_PROCESSES)) {
    for (const fd of entriesOf(`/proc/${pid}/fdinfo`)) {
      const id = /^map_id:\s*(\d+)$/m.exec(textOf(`/proc/${pid}/fdinfo/${fd}`))?.[1];
      if (id !== undefined) holders.set(Number(id), Number(pid));
    }
  }
  return holders;
}

function nodeNameOf(pid: number): string | undefined {
  return nodeNameIn(textOf(`/proc/${pid}/cmdline`).split('\0'));
}

/** What a command line of the agent says about --node-name. */
export function nodeNameIn(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === '--node-name' || word.startsWith('--node-name='));
  const word = words[at] ?? '';
  return at < 0 ? undefined : word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[at + 1];
}

/** Devices by number, from the text of /proc/PID/net/dev_mcast: every device that is up listens to some group, and no namespace must be entered. */
export function multicastDevices(text: string): Map<number, string> {
  return new Map(text.split('\n').flatMap((line): [number, string][] => {
    const [number, name] = line.trim().split(/\s+/);
    return name === undefined ? [] : [[Number(number), name]];
  }));
}

// processes end while they are looked at
function entriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
