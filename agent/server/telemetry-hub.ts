import type { FlowsOut } from '../../src/rpc/batch-out.ts';
import { frameOf } from '../../src/wire/frame-splitter.ts';
import { ReportCodec, type Report } from '../../src/wire/gen/hubtop.ts';
import { WakeUp } from './wake-up.ts';

/** A watcher that hears nothing looks by itself this often. */
const POLL_MS = 2_000;

/** Hands each second's Report to all who watch. A slow watcher misses whole reports, never holds the others up. */
export class TelemetryHub {
  private latest: { report: Report; frame: Uint8Array | undefined } | undefined;
  private number = 0;
  private readonly news = new WakeUp(() => {});

  publish(report: Report): void {
    this.latest = { report, frame: undefined };
    this.number++;
    this.news.ring();
  }

  /** Telemetry.Watch: each report from the next one on, until the client goes. */
  async stream(out: FlowsOut, signal: AbortSignal): Promise<void> {
    let told = this.number;
    while (!signal.aborted) {
      if (told === this.number || this.latest === undefined) {
        await this.news.wait(POLL_MS, signal);
        continue;
      }
      told = this.number;
      // encoded once, however many watch, and only if somebody does
      this.latest.frame ??= frameOf(ReportCodec.encode(this.latest.report));
      if (!out.write(this.latest.frame)) await out.drain();
    }
  }
}
