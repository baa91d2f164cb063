import type { FlowsOut } from '../../src/rpc/batch-out.ts';
import { KnownPolicies } from '../../src/tally/known-policies.ts';
import { frameOf } from '../../src/wire/frame-splitter.ts';
import { ReportCodec, type Report } from '../../src/wire/gen/hubtop.ts';
import { WakeUp } from './wake-up.ts';

/** A watcher that hears nothing looks by itself this often. */
const POLL_MS = 2_000;

/** Hands each second's Report to all who watch. A slow watcher misses whole reports, never holds the others up. */
export class TelemetryHub {
  private latest: { report: Report; frame: Uint8Array | undefined } | undefined;
  private number = 0;
  private readonly policies = new KnownPolicies();
  private readonly news = new WakeUp(() => {});

  publish(report: Report): void {
    this.latest = { report, frame: undefined };
    this.policies.take(report.policies ?? []);
    this.number++;
    this.news.ring();
  }

  /** Telemetry.Watch: each report from the next one on, until the client goes. */
  async stream(out: FlowsOut, signal: AbortSignal): Promise<void> {
    let told = this.number;
    let isFirst = true;
    while (!signal.aborted) {
      if (told === this.number || this.latest === undefined) {
        await this.news.wait(POLL_MS, signal);
        continue;
      }
      told = this.number;
      const frame = isFirst && !this.policies.isEmpty ? this.firstFrame(this.latest.report) : this.frameOfLatest(this.latest);
      isFirst = false;
      if (!out.write(frame)) await out.drain();
    }
  }

  /** Encoded once, however many watch, and only if somebody does. */
  private frameOfLatest(latest: { report: Report; frame: Uint8Array | undefined }): Uint8Array {
    return latest.frame ??= frameOf(ReportCodec.encode(latest.report));
  }

  private firstFrame(report: Report): Uint8Array {
    return frameOf(ReportCodec.encode({ ...report, policies: this.policies.list() }));
  }
}
