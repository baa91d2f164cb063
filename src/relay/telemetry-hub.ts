import type { FlowsOut } from '../rpc/batch-out.ts';
import { KnownPolicies } from '../tally/known-policies.ts';
import { frameOf } from '../wire/frame-splitter.ts';
import type { RelayReport, Report } from '../wire/gen/hubtop.ts';
import { encodeReport } from './merge/bounded-report.ts';
import { ReportMerge } from './merge/report-merge.ts';
import type { Peer } from './peer-pool.ts';

/** A merged report goes out when every node has reported, or after this long. */
const longestWaitMs = 1_200;

/** A connected node that has not reported for this long is shown as behind. */
const silentAfterMs = 2_500;

interface Watcher {
  out: FlowsOut;
  isBusy: boolean;
  /** Had a report; the first has all policies. */
  isGreeted: boolean;
  /** What a slow watcher missed, merged. */
  missed: ReportMerge | undefined;
}

/** Merges the reports of all nodes once a second for all who watch. */
export class RelayTelemetry {
  private readonly merge = new ReportMerge();
  private readonly policies = new KnownPolicies();
  private readonly reported = new Set<Peer>();
  private readonly watchers = new Set<Watcher>();
  private readonly timer: ReturnType<typeof setInterval>;
  private lastMs = Date.now();

  constructor(private readonly peers: () => readonly Peer[], private readonly own: () => RelayReport) {
    this.timer = setInterval(() => {
      if (Date.now() - this.lastMs >= longestWaitMs) this.send();
    }, 100);
  }

  /** A node's report came. */
  take(peer: Peer, report: Report): void {
    this.merge.add(peer.address, report);
    this.reported.add(peer);
    if (this.peers().every((known) => !known.isAvailable || !known.hasTelemetry || this.reported.has(known))) this.send();
  }

  /** Serves one Watch call until its signal aborts. */
  watch(out: FlowsOut, signal: AbortSignal): Promise<void> {
    const watcher: Watcher = { out, isBusy: false, isGreeted: false, missed: undefined };
    this.watchers.add(watcher);
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        this.watchers.delete(watcher);
        resolve();
      });
    });
  }

  close(): void {
    clearInterval(this.timer);
  }

  private send(): void {
    const nowMs = Date.now();
    this.lastMs = nowMs;
    this.reported.clear();
    for (const peer of this.peers()) {
      const trouble = troubleOf(peer, nowMs);
      if (trouble) this.merge.add('', { nodes: [{ name: peer.name, ...trouble }] });
    }
    this.merge.add('', { relays: [this.own()] });
    // taken even when nobody watches: the next to come shall not get the past in one second
    const report = this.merge.take(timeOf(nowMs));
    this.policies.take(report.policies ?? []);
    if (this.watchers.size === 0) return;
    const frame = frameOf(encodeReport(report));
    for (const watcher of this.watchers) {
      const isFirst = !watcher.isGreeted && !this.policies.isEmpty;
      watcher.isGreeted = true;
      if (isFirst) this.greet(watcher, report);
      else this.give(watcher, report, frame);
    }
  }

  private greet(watcher: Watcher, report: Report): void {
    const whole = { ...report, policies: this.policies.list() };
    this.give(watcher, whole, frameOf(encodeReport(whole)));
  }

  private give(watcher: Watcher, report: Report, frame: Uint8Array): void {
    if (watcher.isBusy) {
      watcher.missed ??= new ReportMerge();
      watcher.missed.add('', report);
      return;
    }
    if (watcher.out.write(frame)) return;
    watcher.isBusy = true;
    void watcher.out.drain().then(() => {
      watcher.isBusy = false;
      const missed = watcher.missed?.take(report.time ?? timeOf(Date.now()));
      watcher.missed = undefined;
      if (missed) this.give(watcher, missed, frameOf(encodeReport(missed)));
    });
  }
}

function troubleOf(peer: Peer, nowMs: number): { state: string; message: string } | undefined {
  if (!peer.isAvailable) return { state: 'NODE_UNAVAILABLE', message: peer.error };
  if (!peer.hasTelemetry) return { state: 'NODE_CONNECTED', message: 'no telemetry: a stock Hubble node' };
  const silentMs = nowMs - peer.lastReportMs;
  return silentMs > silentAfterMs ? { state: 'NODE_BEHIND', message: `no telemetry for ${(silentMs / 1000).toFixed(0)} s` } : undefined;
}

function timeOf(nowMs: number): NonNullable<Report['time']> {
  return { seconds: BigInt(Math.floor(nowMs / 1000)), nanos: (nowMs % 1000) * 1e6 };
}
