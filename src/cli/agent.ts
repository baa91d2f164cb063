import { hostname } from 'node:os';
import { boundedLog } from './bounded-log.ts';
import { type Command, type CommandContext, UsageError } from './command.ts';
import type { FlagValues } from './flags.ts';
import { readMode } from './policy-mode.ts';
import { readServing, type ServingChoice, servingFlags, splitList } from './serving-flags.ts';
import { untilAborted } from './wait.ts';

const agentPort = 4244;
const [defaultHistoryS, maxHistoryS] = [60, 86_400];

/** `hubtop agent`: the node agent. */
export const agent: Command = {
  usage: 'agent --objects PATH [flags]',
  summary: 'The node agent: watches this node\'s packets and serves its flows (root)',
  flags: [
    { name: 'objects', kind: 'list', value: 'PATH', help: 'Kubernetes objects as YAML or JSON, a file or a folder, followed; may be repeated' },
    { name: 'node-name', kind: 'text', value: 'NAME', help: 'this node\'s name (default $K8S_NODE_NAME, else the host\'s)' },
    { name: 'history', kind: 'count', value: 'N', help: 'flows kept, one less than a power of two (default 4095)' },
    { name: 'history-time', kind: 'count', value: 'SECONDS', help: 'flows of so long are kept besides, 524288 in all at most (default 60; 0: by count alone)' },
    { name: 'devices', kind: 'text', value: 'REGEX', help: 'names of devices to watch, instead of the pods\' found by themselves' },
    { name: 'attach', kind: 'text', value: 'HOW', help: 'tcx (links, Linux 6.6) or clsact (filters); default tcx, clsact where the kernel has none' },
    { name: 'mode', kind: 'text', value: 'MODE', help: 'observe: policies are not asked; audit: connections they deny are told and let pass (default); enforce: they are dropped' },
    { name: 'pin-folder', kind: 'text', value: 'PATH', help: 'where policies stay in force without the agent, with --mode enforce (default /sys/fs/bpf/hubtop/v1/NODE)' },
    { name: 'cleanup', kind: 'bool', help: 'end what dead agents left in force, of --node-name or of all nodes, and exit' },
    { name: 'cgroup', kind: 'text', value: 'PATH', help: 'folder of a cgroup (version 2): see which services the sockets below it ask for' },
    { name: 'services', kind: 'text', value: 'MODE', help: 'observe: only look (default); translate: send those sockets to the services\' backends' },
    { name: 'report-interval', kind: 'count', value: 'SECONDS', help: 'how often an open connection is reported (default 5)' },
    { name: 'ring-bytes', kind: 'count', value: 'N', help: 'size of each of the two event rings, a power of two from 4096 (default 8 and 16 MiB)' },
    { name: 'conntrack-entries', kind: 'count', value: 'N', help: 'connections that are tracked, the oldest make room (default 262144)' },
    { name: 'no-fold', kind: 'bool', help: 'lose what a burst leaves no room for, and say so, instead of folding it: for measurements' },
    { name: 'socket', kind: 'text', value: 'PATH', help: 'serve on this unix socket too', group: 'Serving' },
    ...servingFlags(agentPort),
  ],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    if (values.bool('cleanup')) return cleanUpAfter(values, context);
    const serving = readServing(values, agentPort);
    const socket = values.text('socket');
    if (socket !== undefined) serving.listen.push(socket.startsWith('unix:') ? socket : `unix://${socket}`);
    if (serving.listen.length === 0) throw new UsageError('nowhere to serve: give --listen or --socket');
    return runAgent(values, serving, context);
  },
};

async function runAgent(values: FlagValues, serving: ServingChoice, context: CommandContext): Promise<number> {
  const paths = splitList(values.list('objects'));
  if (paths.length === 0) throw new UsageError('who is who? give --objects PATH with Kubernetes objects');
  const history = await readHistory(values);
  const devices = readDevices(values.text('devices'));
  const attach = readAttach(values.text('attach'));
  const reportIntervalSeconds = values.count('report-interval');
  const sockets = readSockets(values);
  const sizes = readSizes(values);
  const mode = readMode(values.text('mode') ?? 'audit');
  const nodeName = values.text('node-name') ?? context.env['K8S_NODE_NAME'] ?? hostname();
  const warn = boundedLog(context, 'hubtop agent: ');
  const [{ startAgent }, { loadCatalog }, { openKernel }, { cleanFolder }, { pinFolderOf }] = await Promise.all([
    import('../../agent/agent.ts'), import('../../agent/catalog/load-catalog.ts'), import('../../agent/kernel/open-kernel.ts'),
    import('../../agent/kernel/clean-up.ts'), import('../../agent/kernel/pin-folder.ts'),
  ]);
  await tellDegradations(warn);
  const pinFolder = values.text('pin-folder') ?? pinFolderOf(nodeName);
  if (mode !== 'enforce') cleanFolder(pinFolder).forEach(warn);
  let setCatalog: Awaited<ReturnType<typeof startAgent>>['setCatalog'] = () => {};
  const catalog = await loadCatalog({ paths, onChange: (snapshot) => { setCatalog(snapshot); }, onWarning: warn, signal: context.signal });
  try {
    const kernel = openKernel({
      namespaceName: nodeName, onWarning: warn, ...(mode === 'enforce' ? { pinFolder } : {}), ...(attach === undefined ? {} : { attach }), ...sockets, ...sizes,
      ...(devices === undefined ? {} : { devices }), ...(reportIntervalSeconds === undefined ? {} : { reportIntervalSeconds }), ...(values.bool('no-fold') ? { onFullRing: 'lose' as const } : {}),
    });
    try {
      const running = await startAgent({
        ...serving, nodeName, mode, kernel: { kind: 'kernel', kernel }, catalog: catalog.snapshot, onWarning: warn, history,
      });
      ({ setCatalog } = running);
      // what changed while the agent was being started
      setCatalog(catalog.snapshot);
      await context.print(`ready ${running.addresses.join(' ')}\n`);
      await untilAborted(context.signal);
      await running.close();
      return 0;
    } finally {
      kernel.close();
    }
  } finally {
    catalog.close();
  }
}

async function cleanUpAfter(values: FlagValues, context: CommandContext): Promise<number> {
  const [{ cleanUp }, { pinFolderOf }] = await Promise.all([import('../../agent/kernel/clean-up.ts'), import('../../agent/kernel/pin-folder.ts')]);
  const [folder, nodeName] = [values.text('pin-folder'), values.text('node-name')];
  const lines = cleanUp(folder !== undefined ? [folder] : nodeName !== undefined ? [pinFolderOf(nodeName)] : undefined);
  await context.print(lines.length === 0 ? 'nothing to clean up\n' : lines.map((line) => `${line}\n`).join(''));
  return 0;
}

/** What the machine allows only in part. Where something is missing altogether, whatever needs it ends the agent with that one line. */
async function tellDegradations(warn: (line: string) => void): Promise<void> {
  const { diagnose, readMachineFacts } = await import('../../agent/kernel/doctor.ts');
  const findings = diagnose(readMachineFacts(undefined, { isLoading: false }));
  if (findings.some(({ standing }) => standing === 'missing')) return;
  for (const { what, standing, says, advice } of findings) if (standing === 'less') warn(`${what}: ${says}${advice === undefined ? '' : `: ${advice}`}`);
}

/** Without a cgroup nobody is at sockets: on the root of a machine, translation would also change the connections of the host. */
function readSockets(values: FlagValues): { cgroup?: string; services?: 'observe' | 'translate' } {
  const cgroup = values.text('cgroup');
  const services = values.text('services') ?? 'observe';
  if (services !== 'observe' && services !== 'translate') throw new UsageError(`invalid argument "${services}" for "--services" flag: observe or translate`);
  if (cgroup !== undefined) return { cgroup, services };
  if (services === 'translate') throw new UsageError('--services translate: whose sockets? give --cgroup PATH');
  return {};
}

/** Bounds of what a BPF map of either kind may be made with, from a page on. */
const [minRing, maxRing, maxConntrack] = [4_096, 1 << 30, 1 << 24];

function readSizes(values: FlagValues): { ringBytes?: { urgent: number; bulk: number }; conntrackEntries?: number } {
  const [ring, conntrackEntries] = [values.count('ring-bytes'), values.count('conntrack-entries')];
  if (ring !== undefined && (ring < minRing || ring > maxRing || (ring & (ring - 1)) !== 0)) throw new UsageError(`invalid argument "${ring}" for "--ring-bytes" flag: expected a power of two from ${minRing} to ${maxRing}`);
  if (conntrackEntries !== undefined && (conntrackEntries < 1 || conntrackEntries > maxConntrack)) throw new UsageError(`invalid argument "${conntrackEntries}" for "--conntrack-entries" flag: expected 1 to ${maxConntrack}`);
  return { ...(ring === undefined ? {} : { ringBytes: { urgent: ring, bulk: ring } }), ...(conntrackEntries === undefined ? {} : { conntrackEntries }) };
}

async function readHistory(values: FlagValues): Promise<{ rows: number; seconds: number }> {
  const { checkHistoryCapacity, DEFAULT_HISTORY_CAPACITY } = await import('../../agent/history/history.ts');
  const [rows, seconds] = [values.count('history') ?? DEFAULT_HISTORY_CAPACITY, values.count('history-time') ?? defaultHistoryS];
  const problem = checkHistoryCapacity(rows);
  if (problem !== undefined) throw new UsageError(problem);
  if (seconds > maxHistoryS) throw new UsageError(`invalid argument "${seconds}" for "--history-time" flag: expected 0 to ${maxHistoryS}`);
  return { rows, seconds };
}

function readAttach(text: string | undefined): 'tcx' | 'clsact' | undefined {
  if (text === undefined || text === 'tcx' || text === 'clsact') return text;
  throw new UsageError(`invalid argument "${text}" for "--attach" flag: expected tcx or clsact`);
}

function readDevices(text: string | undefined): RegExp | undefined {
  try {
    return text === undefined ? undefined : new RegExp(text);
  } catch {
    throw new UsageError(`invalid argument "${text}" for "--devices" flag: expected a regular expression`);
  }
}
