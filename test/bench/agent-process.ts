// The CPU of a whole agent process, all its threads, while the kernel makes 200,000 events a second: nobody asks, and
// somebody follows everything in a process of his own. The agent stands in an empty network namespace; its program is
// run by BPF_PROG_TEST_RUN. Needs root, BTF, iproute2, util-linux and the bundle.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { askStatus, waitForStatus } from '../../agent/lab/agent-status.ts';
import { runTool } from '../../agent/lab/run-tool.ts';
import { programById } from '../../agent/kernel/bpf-ids.ts';
import { libbpf } from '../../agent/kernel/libbpf.ts';
import { closeFd } from '../../agent/kernel/native.ts';
import { ethernet, ipv4 } from '../bpf/packets.ts';
import { cannotTest } from '../bpf/programs.ts';
import { produce } from './agent-kernel.ts';
import type { BenchRow } from './row.ts';

const perSecond = 200_000;
const seconds = 10;
/** A third of a second of such events: who follows need not be there every 20 ms. */
const history = 65_535;
const settleMs = 2000;
const ticksPerSecond = 100; // USER_HZ, the same on every Linux that Node runs on
const programName = 'ht_from_endpoint'.slice(0, 15);
const program = join(__dirname, '../hubtop.js');
const netns = `ht-bench-agent-${process.pid}`;
/** The two ends of the packets, as pods. */
const objects = [['client', '10.0.1.5'], ['server', '10.0.2.9']]
  .map(([name, ip]) => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: bench, uid: ${name}, labels: {app: ${name}}}\nspec: {nodeName: bench-node}\nstatus: {podIP: ${ip}, podIPs: [{ip: ${ip}}], phase: Running}\n`).join('---\n');

/** Both rows. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  if (cannotTest !== '') return;
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-bench-'));
  const address = `unix://${join(folder, 'agent.sock')}`;
  writeFileSync(join(folder, 'objects.yaml'), objects);
  await runTool(['ip', 'netns', 'add', netns]);
  const agent = spawn('nsenter', [`--net=/run/netns/${netns}`, process.execPath, program, 'agent', '--node-name', 'bench-node', '--objects', join(folder, 'objects.yaml'), '--history', String(history), '--listen', 'none', '--socket', join(folder, 'agent.sock')], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    const check = (): void => { if (agent.exitCode !== null) throw new Error(`the agent ended with ${agent.exitCode}`); };
    await waitForStatus(address, { what: 'the agent', seconds: 30, isGood: () => true, check, signal: undefined });
    await pause(settleMs);
    const alone = await storm(agent, address);
    report({ name: 'agent process at 200 k events/s, nobody asks', value: alone.cores, unit: 'cores', note: `all threads; ${alone.flows} flows seen of ${alone.events} events in ${seconds} s; aim at most 0.1` });
    const follower = follow(address);
    await pause(settleMs);
    const followed = await storm(agent, address);
    const lines = await follower.stop();
    report({ name: 'agent process at 200 k events/s, one follows all', value: followed.cores, unit: 'cores', note: `all threads; ${followed.flows} flows seen of ${followed.events} events, observe -f printed ${lines} lines; aim at most 0.4` });
  } finally {
    await stop(agent);
    await runTool(['ip', 'netns', 'delete', netns]);
    rmSync(folder, { recursive: true });
  }
}

/** Events of the agent's own program, and what they cost its process. */
async function storm(agent: ChildProcess, address: string): Promise<{ cores: number; events: number; flows: number }> {
  const pid = agent.pid ?? 0;
  const fd = Number(libbpf().bpf_prog_get_fd_by_id(programIdOf(pid)));
  try {
    const [seenBefore, cpuBefore, startNs] = [await seenFlows(address), cpuSeconds(pid), process.hrtime.bigint()];
    // a later fragment of a packet nobody saw belongs to no connection: each one is reported
    const packet = ethernet(0x0800, ipv4(17, new Uint8Array(100), { fragment: { id: 7, offset: 1480, more: false } }));
    const events = await produce({ fd, packet, phases: [{ perSecond, seconds }] });
    const cores = (cpuSeconds(pid) - cpuBefore) / (Number(process.hrtime.bigint() - startNs) / 1e9);
    await pause(settleMs);
    return { cores, events, flows: (await seenFlows(address)) - seenBefore };
  } finally {
    closeFd(fd);
  }
}

async function seenFlows(address: string): Promise<number> {
  return (await askStatus(address))?.seenFlows ?? 0;
}

/** The program that the process itself holds: others may be loaded on this machine. */
function programIdOf(pid: number): number {
  for (const name of readdirSync(`/proc/${pid}/fdinfo`)) {
    const id = Number(/^prog_id:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8'))?.[1] ?? 0);
    if (id !== 0 && programById(id)?.name === programName) return id;
  }
  throw new Error(`process ${pid} has no program ${programName}`);
}

/** User and system time of all threads. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** `hubtop observe -f` and who counts its lines, each a process of its own. */
function follow(address: string): { stop(): Promise<number> } {
  const observe = spawn(process.execPath, [program, 'observe', '-f', '-o', 'compact', '--server', address], { stdio: ['ignore', 'pipe', 'inherit'] });
  const count = spawn('wc', ['-l'], { stdio: [observe.stdout, 'pipe', 'inherit'] });
  // only wc reads it
  observe.stdout.destroy();
  let text = '';
  count.stdout?.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
  const ended = new Promise<number>((resolve) => { count.once('close', () => resolve(Number(text))); });
  return {
    stop: async () => {
      await stop(observe);
      return ended;
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  child.kill('SIGTERM');
  await ended;
}
