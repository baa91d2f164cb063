import { type DropRow, hasPassed, type KernelSample, type PairRow, type PolicyDropRow, type ResetRow, type TcpRow } from '../decode/kernel.ts';
import { AgingRows } from './aging-rows.ts';
import { BpfIterator } from './attach.ts';
import { mapIdOf, objectInfo } from './bpf-ids.ts';
import type { BpfObject } from './bpf-object.ts';
import { parseCounters, parseDrop, parsePair, parsePolicyDrop, parseReset, parseTcp } from './counters.ts';
import { readKernelConntrack } from './kernel-conntrack.ts';
import { libbpf } from './libbpf.ts';
import { parseMapRows } from './map-rows.ts';
import { boottimeNs, closeFd } from './native.ts';
import { TrieCounts } from './trie-counts.ts';
import { runSyscallProgram, startSyscallProgram } from './test-run.ts';

/** A sweep's counts of live connections are used in samples for this long, then a sample sweeps by itself. */
const sweepFreshNs = 1_500_000_000n;
/** A sweep of 262,144 connections takes 100 ms: it may take this share of a core at most. */
const sweepShare = 20n;
/** Statistics cost every BPF program of the machine about 30 ns a run: on for one sample in this many. */
const statisticsEverySamples = 10;
const sweepAll = 1; // HT_SWEEP_ALL
const sweepContextBytes = 48; // struct ht_sweep_context

interface Sweep {
  live: number;
  liveSkbs: number;
  liveBytes: number;
}

/** Reads all counters of a loaded object, and runs its sweeper. */
export class Sampler {
  private readonly mapIterator: BpfIterator;
  private readonly tries = new TrieCounts();
  private readonly pairs: AgingRows<PairRow>;
  private readonly drops: AgingRows<DropRow>;
  private readonly policyDrops: AgingRows<PolicyDropRow>;
  private readonly tcp: AgingRows<TcpRow>;
  private readonly resets: AgingRows<ResetRow>;
  private readonly ownMapIds: ReadonlySet<number>;
  private lastSweep: Sweep = { live: 0, liveSkbs: 0, liveBytes: 0 };
  private lastSweepNs = 0n;
  private nextSweepNs = 0n;
  private isSweeping = false;
  private samples = 0;
  /** Connections that came into the table from another one. */
  carried = 0;
  private statisticsFd = -1;

  /** `resetReason` names numbers of the kernel's sk_rst_reason. */
  constructor(private readonly object: BpfObject, private readonly options: { namespace: string; packetPrograms: readonly string[]; resetReason: (reason: number) => string }) {
    this.mapIterator = new BpfIterator(object, 'ht_maps');
    this.pairs = new AgingRows(object.map('ht_pairs'), parsePair, hasPassed);
    this.drops = new AgingRows(object.map('ht_drop_pairs'), parseDrop);
    this.policyDrops = new AgingRows(object.map('ht_policy_drops'), parsePolicyDrop);
    this.tcp = new AgingRows(object.map('ht_tcp_pairs'), parseTcp);
    this.resets = new AgingRows(object.map('ht_resets'), (key, value, stride) => parseReset(key, value, { stride, reasonName: options.resetReason }));
    this.ownMapIds = new Set([...object.maps.values()].map(({ fd }) => mapIdOf(fd)));
  }

  /**
   * Reports what idle connections hold back (or, with all, every connection) and deletes what expired. With all it
   * is done on return; else it runs on another thread, and is left out while the last one still costs too much.
   */
  sweep({ all }: { all: boolean }): void {
    const context = new Uint8Array(sweepContextBytes);
    const view = new DataView(context.buffer);
    const programFd = this.object.programFd('ht_sweep');
    const startNs = boottimeNs();
    if (all) {
      view.setUint32(0, sweepAll, true);
      runSyscallProgram(programFd, 'ht_sweep', context);
      this.keepSweep(view, startNs);
      return;
    }
    if (this.isSweeping || startNs < this.nextSweepNs) return;
    this.isSweeping = true;
    startSyscallProgram(programFd, context, (errorNumber) => {
      this.isSweeping = false;
      if (errorNumber >= 0) this.keepSweep(view, startNs);
    });
  }

  private keepSweep(view: DataView, startNs: bigint): void {
    const [live, liveSkbs, liveBytes] = [8, 16, 24].map((at) => Number(view.getBigUint64(at, true)));
    this.lastSweep = { live: live ?? 0, liveSkbs: liveSkbs ?? 0, liveBytes: liveBytes ?? 0 };
    this.lastSweepNs = boottimeNs();
    this.nextSweepNs = this.lastSweepNs + (this.lastSweepNs - startNs) * sweepShare;
  }

  /** For a caller that never sweeps: the counts of live connections must come from somewhere. */
  private sweepIfStale(): void {
    if (this.isSweeping || boottimeNs() - this.lastSweepNs <= sweepFreshNs || boottimeNs() < this.nextSweepNs) return;
    const context = new Uint8Array(sweepContextBytes);
    const startNs = boottimeNs();
    runSyscallProgram(this.object.programFd('ht_sweep'), 'ht_sweep', context);
    this.keepSweep(new DataView(context.buffer), startNs);
  }

  sample(): KernelSample {
    this.sweepIfStale();
    this.toggleStatistics();
    const countersMap = this.object.map('ht_counters');
    const counters = parseCounters(countersMap.lookup(new Uint8Array(4)) ?? new Uint8Array(0), countersMap.valueStride);
    return {
      events: counters.events,
      pairs: this.pairs.read(boottimeNs()),
      drops: this.drops.read(boottimeNs()),
      policyDrops: this.policyDrops.read(boottimeNs()),
      policyUnknown: counters.policyUnknown,
      policyDenied: counters.policyDenied,
      policyUnlisted: counters.policyUnlisted,
      policyAudited: counters.policyAudited,
      tcp: this.tcp.read(boottimeNs()),
      resets: this.resets.read(boottimeNs()),
      tcpFailed: counters.tcpFailed,
      dnsLost: counters.dnsLost + counters.dnsForeign,
      retiredPairs: { ...this.pairs.retired },
      maps: this.tries.withCounts(parseMapRows(this.mapIterator.read(), (id) => this.ownMapIds.has(id)), boottimeNs()),
      kernelConntrack: readKernelConntrack(this.options.namespace),
      conntrack: {
        ...this.lastSweep,
        maxEntries: this.object.map('ht_conntrack').maxEntries,
        inserted: counters.conntrackInserted + this.carried,
        deleted: counters.conntrackDeleted,
        failed: counters.conntrackFailed,
        midStream: counters.midStream,
      },
      socketsTranslated: counters.socketsTranslated,
      socketsRefused: counters.socketsRefused,
      notIp: counters.notIp,
      malformed: counters.malformed,
      pairFailed: counters.pairFailed,
      pairFailedBytes: counters.pairFailedBytes,
      ...this.readProgramCost(),
    };
  }

  close(): void {
    this.mapIterator.close();
    this.tries.close();
    closeFd(this.statisticsFd);
    this.statisticsFd = -1;
  }

  private toggleStatistics(): void {
    const isWanted = this.samples++ % statisticsEverySamples === 0;
    if (isWanted && this.statisticsFd < 0) this.statisticsFd = Number(libbpf().bpf_enable_stats(0));
    else if (!isWanted && this.statisticsFd >= 0) {
      closeFd(this.statisticsFd);
      this.statisticsFd = -1;
    }
  }

  private readProgramCost(): { programRuns: number; programNs: number } {
    let programRuns = 0;
    let programNs = 0;
    for (const name of this.options.packetPrograms) {
      const info = objectInfo(this.object.programFd(name), programInfoBytes);
      programNs += Number(info.getBigUint64(192, true)); // run_time_ns
      programRuns += Number(info.getBigUint64(200, true)); // run_cnt
    }
    return { programRuns, programNs };
  }
}

const programInfoBytes = 208;
