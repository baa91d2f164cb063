// A million events a second from the real datapath program, through the real
// rings, into a history. Needs root and BTF.
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { loadObject } from '../../agent/kernel/bpf-object.ts';
import { openRing } from '../../agent/kernel/ring.ts';
import { allocateHistory } from '../../agent/history/history.ts';
import { NodeDrain } from '../../agent/history/node-drain.ts';
import { ethernet, ipv4 } from '../bpf/packets.ts';
import { cannotTest, compileObject } from '../bpf/programs.ts';
import type { BenchRow } from './row.ts';

const PER_SECOND = 1_000_000;
const SECONDS = 5;
const RING_BYTES = { ht_urgent: 8 << 20, ht_bulk: 16 << 20 };
const DRAIN_PAUSE_MS = 5;
const CAPACITY = 4095;

/** Runs the program on one packet again and again, so many times a second in each phase, in a thread of its own (struct bpf_test_run_opts of libbpf 1.x). */
const producer = `
const { workerData, parentPort } = require('node:worker_threads');
const koffi = require('koffi');
const run = koffi.load('libbpf.so.1').func('int bpf_prog_test_run_opts(int fd, void *options)');
const { fd, packet, phases } = workerData;
const options = new Uint8Array(80), view = new DataView(options.buffer), output = new Uint8Array(65536);
view.setBigUint64(0, 80n, true);
view.setBigUint64(8, koffi.address(packet), true);
view.setUint32(24, packet.length, true);
view.setBigUint64(16, koffi.address(output), true);
const pause = new Int32Array(new SharedArrayBuffer(4));
let total = 0;
for (const { perSecond, seconds } of phases) {
  let made = 0;
  const start = process.hrtime.bigint();
  for (;;) {
    const elapsed = Number(process.hrtime.bigint() - start) / 1e9;
    if (elapsed >= seconds) break;
    const repeat = Math.min(20000, Math.floor(elapsed * perSecond) - made);
    if (repeat > 0) {
      view.setUint32(28, output.length, true);
      view.setInt32(60, repeat, true);
      const result = run(fd, options);
      if (result < 0) throw new Error('test run: ' + result);
      made += repeat;
    }
    Atomics.wait(pause, 0, 0, 1);
  }
  total += made;
}
parentPort.postMessage(total);
`;

/** The storm; says nothing where the kernel cannot be had. */
export async function runKernelStorm(report: (row: BenchRow) => void): Promise<void> {
  if (cannotTest !== '') return;
  const object = loadObject(compileObject(), { maxEntries: { ...RING_BYTES, ht_conntrack: 16_384 } });
  const rings = Object.entries(RING_BYTES).map(([name, sizeBytes], lane) => openRing({ kind: 'mmap', lane, mapFd: object.map(name).fd, sizeBytes }));
  try {
    const drain = new NodeDrain(rings, allocateHistory({ rows: CAPACITY }));
    const startCpu = threadCpuNs();
    const startNs = process.hrtime.bigint();
    const timer = setInterval(() => { drain.drain(1n << 62n, 0n); }, DRAIN_PAUSE_MS);
    // a later fragment of a packet nobody saw belongs to no connection: each one is reported
    const packet = ethernet(0x0800, ipv4(17, new Uint8Array(100), { fragment: { id: 7, offset: 1480, more: false } }));
    const made = await produce({ fd: object.programFd('ht_from_endpoint'), packet, phases: [{ perSecond: PER_SECOND, seconds: SECONDS }] });
    clearInterval(timer);
    drain.drain(1n << 62n, 0n);
    const cores = (threadCpuNs() - startCpu) / Number(process.hrtime.bigint() - startNs);
    const { rows, missing, rings: fill } = drain.counts();
    const peak = Math.max(...fill.map((ring) => ring.peakBytes / ring.sizeBytes));
    report({ name: 'kernel storm offered', value: made / SECONDS, unit: 'events/s', note: `our tc program by BPF_PROG_TEST_RUN, ${SECONDS} s, fullest ring ${Math.round(peak * 100)} %` });
    report({ name: 'kernel storm lost', value: made - rows, unit: 'events', note: `of ${made}; proven by sequence numbers ${missing}` });
    report({ name: 'kernel storm drain', value: cores, unit: 'cores', note: 'CPU of the draining thread, aim 0.4' });
  } finally {
    for (const ring of rings) ring.close();
    object.close();
  }
}

/** Runs a program through phases of so many runs a second; resolves with the runs. */
export function produce(workerData: { fd: number; packet: Uint8Array; phases: { perSecond: number; seconds: number }[] }): Promise<number> {
  const worker = new Worker(producer, { eval: true, workerData });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** CPU of the thread that asks, which here is the main one. */
export function threadCpuNs(): number {
  const [ns] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
  return Number(ns);
}
