// What the programs take from a TCP stream between a pod and its node: two network namespaces, one veth, the programs
// attached and taken off in turn while the stream runs. Needs root, BTF, iproute2 and util-linux.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runTool } from '../../agent/lab/run-tool.ts';
import { cannotTest } from '../bpf/programs.ts';
import type { BenchRow } from './row.ts';

const node = `ht-bench-node-${process.pid}`;
const pod = `ht-bench-pod-${process.pid}`;
/** Host side device, address of the node and of the pod. */
export const stage = { device: 'pod0', nodeIp: '10.99.0.1', podIp: '10.99.0.2', port: 5001 } as const;

/** Sends as much as goes. */
const sender = `
const socket = require('node:net').connect(${stage.port}, '${stage.nodeIp}');
const chunk = Buffer.alloc(1 << 16);
const more = () => { while (socket.write(chunk)); };
socket.on('connect', more).on('drain', more).on('error', () => process.exit(0)).on('close', () => process.exit(0));
`;

/** With whole skbs of the stack, and with each wire segment an skb. */
const offloads = { 'segments joined': 'on', 'an skb a segment': 'off' } as const;

/** Both sizes of skbs in both modes. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  if (cannotTest !== '') return;
  try {
    const ifindex = await makeStage();
    for (const [size, setting] of Object.entries(offloads)) {
      await setOffloads(setting);
      await runSink(ifindex, (row) => report({ ...row, name: `throughput with/without, ${row.name}, ${size}` }));
    }
  } finally {
    for (const name of [node, pod]) await runTool(['ip', 'netns', 'delete', name]).catch(() => '');
  }
}

/** Gives back the number of the host side device. */
async function makeStage(): Promise<number> {
  const commands = [
    `netns add ${node}`, `netns add ${pod}`, `link add name ${stage.device} netns ${node} type veth peer name eth0 netns ${pod}`,
  ];
  await runTool(['ip', '-batch', '-'], `${commands.join('\n')}\n`);
  for (const [name, device, ip] of [[node, stage.device, stage.nodeIp], [pod, 'eth0', stage.podIp]] as const) {
    await runTool(['ip', '-n', name, '-batch', '-'], `link set lo up\naddress add ${ip}/24 dev ${device}\nlink set ${device} up\n`);
  }
  const [link] = JSON.parse(await runTool(['ip', '-n', node, '-json', 'link', 'show', 'dev', stage.device])) as { ifindex: number }[];
  return link?.ifindex ?? 0;
}

async function setOffloads(setting: 'on' | 'off'): Promise<void> {
  for (const [name, device] of [[node, stage.device], [pod, 'eth0']] as const) {
    await runTool(inside(name, ['ethtool', '-K', device, 'tso', setting, 'gso', setting, 'gro', setting]));
  }
}

/** The other end of the stream in the node's namespace, where the programs are: it measures and tells rows. */
async function runSink(ifindex: number, report: (row: BenchRow) => void): Promise<void> {
  const sink = start(node, [__filename, '--throughput', String(ifindex)]);
  let source: ChildProcess | undefined;
  const ended = new Promise<number | null>((resolve) => { sink.once('close', resolve); });
  for await (const line of createInterface({ input: sink.stdout ?? process.stdin })) {
    if (line === 'listening') source = start(pod, ['-e', sender]);
    else report(JSON.parse(line) as BenchRow);
  }
  const code = await ended;
  source?.kill();
  if (code !== 0) throw new Error(`the receiving process of the throughput bench ended with ${code}`);
}

function start(netns: string, args: readonly string[]): ChildProcess {
  const [program = '', ...rest] = inside(netns, [process.execPath, ...args]);
  return spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
}

function inside(netns: string, command: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${netns}`, ...command];
}
