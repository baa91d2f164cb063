import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle, canRunKernel, hasTmux, pause, type Running, runHubtop, startHubtop } from './hubtop-process.ts';
import { TmuxTerminal } from './tmux.ts';

if (!canRunKernel) console.warn('skipped: lab end to end (needs root, BTF and dist/bpf/hubtop.o)');

interface FlowLine {
  flow?: {
    verdict?: string; Type?: string; node_name?: string; traffic_direction?: string; is_reply?: boolean; Summary?: string;
    source?: { namespace?: string; pod_name?: string }; destination?: { namespace?: string; pod_name?: string };
    event_type?: { type?: number; sub_type?: number };
    l4?: { TCP?: { source_port: number; destination_port: number; flags?: Record<string, boolean> }; UDP?: { destination_port: number } };
  };
}

/** What labs have in this kernel: namespaces, links, BPF objects and cgroups. */
function labObjects(): string[] {
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns').filter((name) => name.startsWith('ht-lab')) : [];
  const links = linesOf('ip', '-o', 'link').filter((line) => / (ht|htl|lab)-?/.test(line));
  const programs = linesOf('bpftool', 'prog', 'list').filter((line) => / name ht_/.test(line));
  const maps = linesOf('bpftool', 'map', 'list').filter((line) => / name ht_/.test(line));
  const cgroups = linesOf('find', '/sys/fs/cgroup', '-maxdepth', '2', '-name', 'hubtop-lab-*').filter(Boolean);
  return [...namespaces, ...links, ...programs, ...maps, ...cgroups];
}

function linesOf(command: string, ...args: string[]): string[] {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`cannot run ${command} ${args.join(' ')}: ${result.error?.message ?? result.stderr}`);
  return result.stdout.split('\n');
}

/** What is there that was not there before this file: another lab on this machine is nobody's business here. */
async function leftovers(before: ReadonlySet<string>): Promise<string[]> {
  const look = (): string[] => labObjects().filter((object) => !before.has(object));
  // the kernel frees programs and maps after a grace period
  let left = look();
  for (let round = 0; round < 50 && left.length > 0; round += 1) {
    await pause(200);
    left = look();
  }
  return left;
}

function observe(address: string, ...args: string[]): FlowLine[] {
  const result = runHubtop(['observe', '--server', address, '-o', 'jsonpb', ...args]);
  expect(result.status, result.stderr).toBe(0);
  return result.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as FlowLine);
}

describe.skipIf(!canRunKernel)('hubtop lab', () => {
  let before = new Set<string>();
  let lab: Running;
  let address = '';

  beforeAll(async () => {
    before = new Set(labObjects());
    lab = startHubtop(['lab', '--no-tui', '--listen', '127.0.0.1:0']);
    address = (await lab.waitFor(/ready (\S+)/, 50_000))[1] ?? '';
    await pause(6000);
  });
  afterAll(async () => { await lab.stop(); });

  test('observe prints flows of both nodes with pods on both sides, ports, verdicts, directions and TCP flags', () => {
    const flows = observe(address, '--last', '2000').flatMap((line) => line.flow ?? []);
    expect(new Set(flows.map((flow) => flow.node_name)).size).toBe(2);
    const named = flows.filter((flow) => flow.source?.pod_name !== undefined && flow.destination?.pod_name !== undefined);
    expect(named.length).toBeGreaterThan(flows.length * 0.8);
    const syns = named.filter((flow) => flow.verdict === 'FORWARDED' && flow.l4?.TCP?.flags?.['SYN'] === true && flow.l4.TCP.flags['ACK'] !== true);
    expect(syns.length).toBeGreaterThan(0);
    expect(syns.every((flow) => flow.Summary === 'TCP Flags: SYN')).toBe(true);
    // a socket has no direction yet
    expect(new Set(named.filter((flow) => flow.Type === 'L3_L4').map((flow) => flow.traffic_direction))).toEqual(new Set(['INGRESS', 'EGRESS']));
    expect(named.some((flow) => flow.is_reply === true)).toBe(true);
    expect(named.some((flow) => flow.l4?.UDP?.destination_port === 53)).toBe(true);
  });

  test('the refused job is a kernel drop with its reason, the resetting pair shows RST', () => {
    const drops = observe(address, '--last', '200', '--verdict', 'DROPPED').flatMap((line) => line.flow ?? []);
    expect(drops.some((flow) => flow.Summary?.startsWith('kernel: NO_SOCKET') === true && flow.source?.pod_name?.startsWith('refused-job') === true)).toBe(true);
    const resets = observe(address, '--last', '50', '--tcp-flags', 'RST', '--from-pod', 'default/chat-relay').flatMap((line) => line.flow ?? []);
    expect(resets.length).toBeGreaterThan(0);
  });

  test('a batch frame of the overview shows the refused job, the resets, the top pairs and conntrack', () => {
    const frame = runHubtop(['--server', address, '--batch', '-n', '1', '--view', 'overview', '--size', '120x40']);
    expect(frame.status, frame.stderr).toBe(0);
    expect(frame.stdout).toMatch(/refused-job/);
    expect(frame.stdout).toMatch(/NO_SOCKET/);
    expect(frame.stdout).toMatch(/RESETS\s+default\/commentary\S*\s+→ chat-relay/);
    expect(frame.stdout).toMatch(/shop\/web\s+→ shop\/api/);
    expect(frame.stdout).toMatch(/ conntrack +node-[ab] .*of 262 144/);
    expect(frame.stdout.split('\n').every((line) => [...line].length <= 120)).toBe(true);
  });

  test.skipIf(!hasTmux)('the dashboard in a terminal shows real pods, pivots and clears', async () => {
    const terminal = new TmuxTerminal({ cols: 120, rows: 40 }, 'lab');
    try {
      terminal.type(`${process.execPath} ${bundle} --server ${address}\n`);
      await terminal.waitFor(/LIVE[\s\S]*shop\/web/, 15_000);
      terminal.press('2');
      await terminal.waitFor(/shop\/web-\S+\s+.*shop\/api-/, 10_000);
      terminal.press('Space');
      await terminal.waitFor(/PAUSED/, 5000);
      terminal.press('v');
      await terminal.waitFor(/verdict=(FORWARDED|DROPPED)/, 5000);
      terminal.press('x');
      await terminal.waitFor(/filter\s+none/, 5000);
      terminal.press('q');
    } finally {
      terminal.close();
    }
  });

  test('nothing is left after it stops', async () => {
    expect(await lab.stop()).toBe(0);
    expect(await leftovers(before)).toEqual([]);
  });

  test('nothing is left after kill -9 and the next clean', async () => {
    const killed = startHubtop(['lab', '--no-tui', '--listen', '127.0.0.1:0']);
    await killed.waitFor(/ready (\S+)/, 50_000);
    await killed.stop('SIGKILL');
    const cleaned = runHubtop(['lab', '--clean'], { timeoutMs: 30_000 });
    expect(cleaned.status, cleaned.stderr).toBe(0);
    expect(await leftovers(before)).toEqual([]);
  });
});
