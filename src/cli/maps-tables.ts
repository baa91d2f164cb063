import type { AgentTables } from '../../agent/kernel/agent-tables.ts';
import type { BpfMap } from '../../agent/kernel/bpf-map.ts';
import { jsonText, SCHEMA } from '../export/data.ts';
import { scrub } from '../lib/scrub.ts';
import { grouped } from '../screen/format.ts';
import { type CommandContext, CommandError, UsageError } from './command.ts';
import { describeFailure } from './describe-failure.ts';
import { addressRow, connectionRow, CT_HEAD, ENDPOINTS_HEAD, POLICY_HEAD, policyRow, serviceRow, SERVICES_HEAD, type TableRow } from './maps-rows.ts';

/** What of which agents is printed, and how. */
export interface TableRequest {
  table: string;
  /** Process or node of the one agent that is meant. */
  agent: string | undefined;
  /** Rows of each agent; undefined = all. */
  limit: number | undefined;
  objects: readonly string[];
  isJson: boolean;
}

type TableParsers = typeof import('../../agent/kernel/table-rows.ts') & typeof import('../../agent/kernel/agent-tables.ts');

/** What rows are made with. */
interface RowParts {
  parsers: TableParsers;
  names: ReadonlyMap<string, string>;
  nowS: number;
}

/** A table that can be printed: its map, its columns, and its rows, some hundred at a time. */
interface PrintedTable {
  map: string;
  head: readonly string[];
  batches(agent: AgentTables, table: BpfMap, parts: RowParts): Iterable<TableRow[]>;
}

function* rowsOf(table: BpfMap, read: (key: Uint8Array, value: Uint8Array) => TableRow): Iterable<TableRow[]> {
  for (const batch of table.batches()) yield batch.map(([key, value]) => read(key, value));
}

const PRINTED: ReadonlyMap<string, PrintedTable> = new Map([
  ['ct', {
    map: 'ht_conntrack', head: CT_HEAD,
    batches: (agent, table, { parsers, names, nowS }) => rowsOf(table, (key, value) => connectionRow(parsers.readConnection(key, value), { names, deviceOf: (ifindex) => agent.devices.get(ifindex), nowS })),
  }],
  ['endpoints', {
    map: 'ht_addresses', head: ENDPOINTS_HEAD,
    batches: (agent, table, { parsers, names }) => {
      const devices = devicesByRef(agent, parsers.readDevice);
      return rowsOf(table, (key, value) => addressRow(parsers.readAddress(key, value), { names, deviceOf: (ref) => devices.get(ref) }));
    },
  }],
  ['services', {
    map: 'ht_services', head: SERVICES_HEAD,
    batches: ({ tables }, table, { parsers, names }) => rowsOf(table, (key, value) => serviceRow(parsers.readService(key, value, (backend) => tables.get('ht_backends')?.lookup(backend)), names)),
  }],
  ['policy', { map: 'ht_policies', head: POLICY_HEAD, batches: policyBatches }],
]);

function* policyBatches({ tables }: AgentTables, table: BpfMap, { parsers, names }: RowParts): Iterable<TableRow[]> {
  const nameOf = labelNames(tables.get('ht_addresses'), parsers, names);
  for (const { labels, map } of parsers.policyMaps(table)) yield* rowsOf(map, (key, value) => policyRow(labels, parsers.readPolicyEntry(key, value), (set) => nameOf.get(set)));
}

/** A label set has no name of its own: that of the first of those who have it. */
function labelNames(addresses: BpfMap | undefined, { readAddress }: TableParsers, names: ReadonlyMap<string, string>): Map<number, string> {
  const found = new Map<number, string>();
  if (names.size === 0) return found;
  addresses?.forEach((key, value) => {
    const { ip, labels } = readAddress(key, value);
    const name = names.get(ip);
    if (labels !== 0 && name !== undefined && !found.has(labels)) found.set(labels, name);
  });
  return found;
}

/** Tables of a running agent that can be read. */
export const TABLES: readonly string[] = [...PRINTED.keys()];

/** Prints a table of the agents of this machine row by row, out of the kernel's maps: nothing of it is held, and no agent is asked. */
export async function printTable(request: TableRequest, context: CommandContext): Promise<number> {
  const [agentTables, { boottimeNs }, rows, names] = await Promise.all([
    import('../../agent/kernel/agent-tables.ts'), import('../../agent/kernel/native.ts'), import('../../agent/kernel/table-rows.ts'), namesOf(request.objects),
  ]);
  const printed = PRINTED.get(request.table);
  if (printed === undefined) throw new UsageError(`no table ${request.table}`);
  try {
    return await agentTables.withAgentTables(async (agents) => {
      let tables = 0;
      for (const agent of chosen(agents, request.agent)) {
        const table = agent.tables.get(printed.map);
        if (table === undefined) {
          context.printError(`hubtop: ${agentWords(agent)} has no table ${printed.map}${request.table === 'services' ? ': it watches no sockets without --cgroup PATH' : ': is it of another version?'}`);
          continue;
        }
        tables++;
        const batches = printed.batches(agent, table, { parsers: { ...rows, ...agentTables }, names, nowS: Number(boottimeNs() / 1_000_000_000n) });
        await printRows({ agent, batches, head: printed.head, sum: request.table === 'policy' ? 'entries of all endpoints' : `of at most ${grouped(table.maxEntries)}` }, request, context);
      }
      return tables > 0 ? 0 : 1;
    });
  } catch (error) {
    if (error instanceof UsageError || error instanceof CommandError) throw error;
    throw new CommandError(describeFailure(error).replaceAll('hubtop agent needs', 'hubtop maps needs'));
  }
}

async function printRows({ agent, batches, head, sum }: { agent: AgentTables; batches: Iterable<TableRow[]>; head: readonly string[]; sum: string }, request: TableRequest, context: CommandContext): Promise<void> {
  if (!request.isJson) await context.print(`${agentWords(agent)}\n${head.join(' ')}\n`);
  let printed = 0;
  for (const batch of batches) {
    if (context.signal.aborted) return;
    const kept = request.limit === undefined ? batch : batch.slice(0, request.limit - printed);
    printed += kept.length;
    const lines = kept.map(({ data, cells }) => (request.isJson
      ? jsonText({ schema: SCHEMA, kind: `maps-${request.table}`, agent: { pid: agent.pid ?? null, node: agent.nodeName ?? null }, ...data })
      : cells.map((cell, i) => cell.padEnd(head[i]?.length ?? 0)).join(' ').trimEnd()));
    if (lines.length > 0) await context.print(`${lines.join('\n')}\n`);
    if (request.limit !== undefined && printed >= request.limit) {
      context.printError(`hubtop: ${grouped(printed)} rows of ${agentWords(agent)}; --limit was reached`);
      return;
    }
  }
  if (!request.isJson) await context.print(`${grouped(printed)} ${sum}\n\n`);
}

function chosen(agents: readonly AgentTables[], who: string | undefined): readonly AgentTables[] {
  const found = who === undefined ? agents : agents.filter(({ pid, nodeName }) => who === nodeName || who === String(pid));
  if (found.length === 0) throw new UsageError(`no agent ${who ?? ''} on this machine; there is ${agents.map(agentWords).join(', ')}`);
  return found;
}

function agentWords({ pid, nodeName }: AgentTables): string {
  return `agent ${nodeName === undefined ? '' : `of ${scrub(nodeName, 63)}, `}${pid === undefined ? 'of a process that is not seen from here' : `process ${pid}`}`;
}

/** Names of devices by the endpoint behind them. */
function devicesByRef({ tables, devices }: AgentTables, read: (key: Uint8Array, value: Uint8Array) => { ifindex: number; ref: number }): Map<number, string> {
  const byRef = new Map<number, string>();
  tables.get('ht_devices')?.forEach((key, value) => {
    const { ifindex, ref } = read(key, value);
    if (ref !== 0) byRef.set(ref, devices.get(ifindex) ?? `#${ifindex}`);
  });
  return byRef;
}

async function namesOf(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (paths.length === 0) return new Map();
  const { addressNames } = await import('../../agent/catalog/address-names.ts');
  try {
    return await addressNames(paths);
  } catch (error) {
    throw new CommandError(describeFailure(error));
  }
}
