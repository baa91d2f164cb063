import { createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { attachToDevice, type DeviceLink } from '../../agent/kernel/attach.ts';
import { PolicyTable } from '../../agent/kernel/policy-table.ts';
import { parseIp } from '../../src/lib/ip-bytes.ts';
import { compileObject, Programs } from '../bpf/programs.ts';
import { seededRandom } from '../src/seeded-random.ts';
import { direction, drawEntries, enforce } from './drawn-policies.ts';
import { medianOf } from './median.ts';
import type { BenchRow } from './row.ts';
import { stage } from './throughput.ts';

const pairs = 61;
const windowMs = 100;
const warmUpMs = 1000;
const aim = 0.97;
const entries = 1000;
const [podLabels, nodeLabels] = [1001, 1002];
const ours = { ingress: 'ht_from_endpoint', egress: 'ht_to_endpoint' } as const;
/** What no program gets around: that there is one. */
const empty = { ingress: 'ht_bench_nothing', egress: 'ht_bench_nothing' } as const;
type Hooks = Record<keyof typeof ours, string>;

/** `bench --throughput IFINDEX`: takes a stream and compares its speed with and without the programs on that device. */
export async function runThroughputSink(ifindex: number): Promise<void> {
  const programs = new Programs({}, compileObject('test/bench/kernel.bpf.c'));
  const stream = await accept();
  try {
    await pause(warmUpMs);
    tell(await compare(programs, stream, { ifindex, hooks: empty }), 'an empty program');
    tell(await compare(programs, stream, { ifindex, hooks: ours }), 'mode observe');
    setPolicies(programs, ifindex);
    tell(await compare(programs, stream, { ifindex, hooks: ours }), `mode enforce, ${entries} entries`);
  } finally {
    stream.destroy();
    programs.close();
  }
}

function accept(): Promise<Socket> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      server.close();
      // read and thrown away
      socket.resume();
      resolve(socket);
    });
    server.listen(stage.port, stage.nodeIp, () => console.log('listening'));
  });
}

interface Comparison {
  ratios: number[];
  bytesPerSecond: number[];
  /** That the programs saw. */
  skbs: number;
}

/** Windows of the stream with and without, in turn, each pair in the other order than the last. */
async function compare(programs: Programs, stream: Socket, { ifindex, hooks }: { ifindex: number; hooks: Hooks }): Promise<Comparison> {
  const result: Comparison = { ratios: [], bytesPerSecond: [], skbs: 0 };
  const seen = (): number => programs.counters().skbs.reduce((sum, skbs) => sum + skbs, 0);
  const before = seen();
  const withPrograms = async (): Promise<number> => {
    const links = attach(programs, ifindex, hooks);
    const speed = await speedOf(stream);
    for (const link of links) link.close();
    programs.discardEvents();
    return speed;
  };
  for (let pair = 0; pair < pairs; pair++) {
    const first = pair % 2 === 0 ? await withPrograms() : await speedOf(stream);
    const second = pair % 2 === 0 ? await speedOf(stream) : await withPrograms();
    const [speed, without] = pair % 2 === 0 ? [first, second] : [second, first];
    result.ratios.push(speed / without);
    result.bytesPerSecond.push(without);
  }
  result.skbs = seen() - before;
  return result;
}

function attach(programs: Programs, ifindex: number, hooks: Hooks): DeviceLink[] {
  const links = (['ingress', 'egress'] as const).map((way) => attachToDevice(programs.object.programFd(hooks[way]), ifindex, way));
  return links.map((link) => {
    if (link === undefined) throw new Error(`no device ${ifindex} here`);
    return link;
  });
}

/** Bytes a second. */
async function speedOf(stream: Socket): Promise<number> {
  const [bytes, startNs] = [stream.bytesRead, process.hrtime.bigint()];
  await pause(windowMs);
  return ((stream.bytesRead - bytes) * 1e9) / Number(process.hrtime.bigint() - startNs);
}

function setPolicies(programs: Programs, ifindex: number): void {
  const table = new PolicyTable({ policies: programs.object.map('ht_policies'), networks: programs.object.map('ht_networks') });
  const rows = drawEntries(entries, { direction: direction.egress, peer: nodeLabels, port: stage.port }, seededRandom(1));
  const refused = table.setEndpoints(new Map([[podLabels, rows]]));
  if (refused.length > 0) throw new Error(`the policy map was refused: ${JSON.stringify(refused)}`);
  programs.setAddress(addressBytes(stage.podIp), 11, podLabels);
  programs.setAddress(addressBytes(stage.nodeIp), 12, nodeLabels);
  programs.setDevice(ifindex, 11, { labels: podLabels });
  programs.configure({ epoch: 2, mode: enforce });
}

function addressBytes(ip: string): number[] {
  return [...(parseIp(ip)?.bytes.subarray(0, 4) ?? [])];
}

function tell({ ratios, bytesPerSecond, skbs }: Comparison, name: string): void {
  const { median, low, high } = medianOf(ratios);
  const speed = medianOf(bytesPerSecond).median;
  const perSecond = Math.round((skbs * 1000) / (pairs * windowMs));
  const seen = perSecond === 0 ? 'what having a program costs' : `${perSecond} skbs/s through the hooks with; aim at least ${aim}`;
  const note = `median of ${pairs} pairs of ${windowMs} ms, ${low.toFixed(3)} to ${high.toFixed(3)}; ${(speed / 1e6).toFixed(0)} MB/s without, ${seen}`;
  const row: BenchRow = { name, value: median, unit: 'ratio', note };
  console.log(JSON.stringify(row));
}
