import type { MessagesOut } from '../../src/rpc/binding.ts';
import type { Report } from '../../src/wire/gen/hubtop.ts';
import { WakeUp } from './wake-up.ts';

/** A watcher that hears nothing looks by itself this often. */
const POLL_MS = 2_000;

/** Hands each second's Report to all who watch. A slow watcher misses whole reports, never holds the others up. */
export class TelemetryHub {
  private latest: Report | undefined;
  private number = 0;
  private readonly news = new WakeUp(() => {});

  publish(report: Report): void {
    this.latest = report;
    this.number++;
    this.news.ring();
  }

  /** Telemetry.Watch: each report from the next one on, until the client goes. */
  async stream(out: MessagesOut<Report>, signal: AbortSignal): Promise<void> {
    let told = this.number;
    while (!signal.aborted) {
      if (told === this.number || this.latest === undefined) {
        await this.news.wait(POLL_MS, signal);
        continue;
      }
      told = this.number;
      if (!out.write(this.latest)) await out.drain();
    }
  }
}
