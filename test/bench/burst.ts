// The seed's burst through the real programs: 8,000 new connections a second, 200,000 for three seconds, 8,000.
// Each is another connection of another address. Needs root and BTF.
import { type BpfObject, loadObject } from '../../agent/kernel/bpf-object.ts';
import { parseCounters } from '../../agent/kernel/counters.ts';
import { FoldMaps } from '../../agent/kernel/fold-maps.ts';
import { openRing } from '../../agent/kernel/ring.ts';
import { allocateHistory } from '../../agent/history/history.ts';
import { NodeDrain } from '../../agent/history/node-drain.ts';
import { WholeFlows } from '../../agent/history/whole-flows.ts';
import { streamFlows } from '../../agent/server/flow-stream.ts';
import { GapList } from '../../agent/server/gap-list.ts';
import { Turns } from '../../agent/server/turns.ts';
import { WakeUp } from '../../agent/server/wake-up.ts';
import { OFFSET } from '../../agent/decode/event.ts';
import { ethernet, ipv4, server, tcp } from '../bpf/packets.ts';
import { cannotTest, compileObject } from '../bpf/programs.ts';
import { benchContext } from './agent.ts';
import { produce, threadCpuNs } from './agent-kernel.ts';
import type { BenchRow } from './row.ts';

const PHASES = [{ perSecond: 8_000, seconds: 2 }, { perSecond: 200_000, seconds: 3 }, { perSecond: 8_000, seconds: 2 }];
const BURST = [{ perSecond: 200_000, seconds: 5 }];
const USUAL_RINGS = { ht_urgent: 8 << 20, ht_bulk: 16 << 20 };
const SMALL_RINGS = { ht_urgent: 1 << 16, ht_bulk: 1 << 16 };
const DRAIN_PAUSE_MS = 5;
const SECOND_MS = 1000;
const CAPACITY = 4095;
/** A client has 65,536 ports: more than a million connections. */
const CLIENTS = 20;
const NO_FOLD = 1; // HT_CONFIG_NO_FOLD

interface Run {
  rings: typeof USUAL_RINGS;
  phases: typeof PHASES;
  hasFold: boolean;
  hasFollower: boolean;
}

interface Result {
  made: number;
  rows: number;
  folded: number;
  foldRows: number;
  missing: number;
  lost: number;
  cores: number;
  followed: number;
}

/** Every row; says nothing where the kernel cannot be had. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  if (cannotTest !== '') return;
  const usual = { rings: USUAL_RINGS, phases: PHASES, hasFold: true, hasFollower: false };
  tellBurst(report, 'burst, usual rings', await burst(usual));
  tellBurst(report, 'burst, rings of 64 KiB', await burst({ ...usual, rings: SMALL_RINGS }));
  const off = await burst({ ...usual, rings: SMALL_RINGS, hasFold: false });
  report({ name: 'burst, rings of 64 KiB, fold off: lost', value: off.made - off.rows, unit: 'events', note: `of ${off.made}; the ledger says ${off.lost}, holes in the sequence ${off.missing}` });
  const alone = await burst({ ...usual, phases: BURST });
  report({ name: 'agent at 200 k events/s, nobody asks', value: alone.cores, unit: 'cores', note: `${alone.made} events in 5 s, lost ${alone.lost}; aim 0.1` });
  const followed = await burst({ ...usual, phases: BURST, hasFollower: true });
  report({ name: 'agent at 200 k events/s, one follows all', value: followed.cores, unit: 'cores', note: `${followed.followed} flows written of ${followed.made}, lost ${followed.lost}; aim 0.4` });
}

function tellBurst(report: (row: BenchRow) => void, name: string, { made, rows, folded, foldRows, lost }: Result): void {
  report({ name: `${name}: counts lost`, value: made - rows - folded, unit: 'events', note: `of ${made}; the ledger says ${lost}` });
  report({ name: `${name}: folded`, value: (100 * folded) / made, unit: '%', note: `${folded} events in ${foldRows} rows` });
}

async function burst({ rings: sizes, phases, hasFold, hasFollower }: Run): Promise<Result> {
  const object = loadObject(compileObject('test/bench/kernel.bpf.c'), { maxEntries: { ...sizes, ht_conntrack: 262_144 } });
  const rings = Object.entries(sizes).map(([name, sizeBytes], lane) => openRing({ kind: 'mmap', lane, mapFd: object.map(name).fd, sizeBytes }));
  try {
    configure(object, hasFold);
    nameEnds(object);
    const folds = new FoldMaps({ a: object.map('ht_folds_a'), b: object.map('ht_folds_b'), state: object.map('ht_fold_state') });
    const history = allocateHistory({ rows: CAPACITY });
    const drain = new NodeDrain(rings, history);
    const follower = new Follower(history);
    if (hasFollower) follower.start();
    const sums = { folded: 0, foldRows: 0 };
    const takeFolds = async (): Promise<void> => {
      const records = await folds.take();
      drain.takeFolds(records, 0n);
      sums.foldRows += records.length;
      for (const record of records) sums.folded += new DataView(record.buffer).getUint32(OFFSET.folded, true);
    };
    const startCpu = threadCpuNs();
    const startNs = process.hrtime.bigint();
    const timer = setInterval(() => { if (drain.drain(1n << 62n, 0n) > 0) follower.news.ring(); }, DRAIN_PAUSE_MS);
    const second = setInterval(() => { void takeFolds(); }, SECOND_MS);
    const made = await produce({ fd: object.programFd('ht_bench_new'), packet: ethernet(0x0800, ipv4(6, tcp(40_000, 80, 'S'))), phases });
    const cores = (threadCpuNs() - startCpu) / Number(process.hrtime.bigint() - startNs);
    clearInterval(timer);
    clearInterval(second);
    drain.drain(1n << 62n, 0n);
    await takeFolds();
    await takeFolds();
    await follower.stop();
    const { rows, missing } = drain.counts();
    const counters = object.map('ht_counters');
    const { events } = parseCounters(counters.lookup(new Uint8Array(4)) ?? new Uint8Array(0), counters.valueStride);
    return { made, ...sums, rows: rows - sums.foldRows, missing, cores, followed: follower.flows, lost: events.reduce((sum, { lost }) => sum + lost, 0) };
  } finally {
    for (const ring of rings) ring.close();
    object.close();
  }
}

/** A client that follows everything and takes it as fast as it comes. */
class Follower {
  flows = 0;
  readonly news = new WakeUp(() => {});
  private readonly ended = new AbortController();
  private stream: Promise<void> | undefined;

  constructor(private readonly history: SharedArrayBuffer) {}

  start(): void {
    const source = { context: benchContext(), history: this.history, whole: new WholeFlows(), gaps: new GapList(), news: this.news, turns: new Turns(), wallNs: () => 0n, onOvertaken: () => {} };
    const write = (frames: Uint8Array): boolean => {
      // a frame is shorter than 65,536 bytes
      for (let at = 0; at < frames.length; at += 5 + (frames[at + 3] ?? 0) * 256 + (frames[at + 4] ?? 0)) this.flows++;
      return true;
    };
    this.stream = streamFlows(source, { follow: true }, { write, drain: () => Promise.resolve() }, this.ended.signal);
  }

  async stop(): Promise<void> {
    this.ended.abort();
    await this.stream;
  }
}

/** As in a cluster, the ends are pods: clients 10.0.N.0, as ht_bench_new makes them, and their server. */
function nameEnds(object: BpfObject): void {
  const ips = [...Array.from({ length: CLIENTS }, (_, index) => [10, 0, index, 0]), server.ipv4];
  for (const [index, ip] of ips.entries()) {
    const key = new Uint8Array(20);
    key.set(ip);
    key[16] = 4;
    object.map('ht_addresses').update(key, new Uint8Array(new Uint32Array([index + 1, index + 1, 0]).buffer));
  }
}

function configure(object: BpfObject, hasFold: boolean): void {
  const value = new Uint8Array(object.map('ht_config').valueSize);
  const view = new DataView(value.buffer);
  view.setUint32(0, 1, true);
  view.setUint32(4, 5, true);
  view.setUint32(20, hasFold ? 0 : NO_FOLD, true);
  object.map('ht_config').update(new Uint8Array(4), value);
}
