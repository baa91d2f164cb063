import { update } from '../control/update.ts';
import type { Replay } from '../model/replay.ts';
import { flowsRequest } from '../model/requests.ts';
import { initialState, type State } from '../model/state.ts';
import { preferPods } from '../model/talkers.ts';
import type { Size } from '../screen/line.ts';
import { streamPageRows } from '../views/flows.ts';
import { CHROME_ROWS } from '../views/frame.ts';
import { frameText } from './batch.ts';
import { flowChooser } from './flow-chooser.ts';
import type { OpenRecording } from './open-recording.ts';
import { ReplaySteps, sayOpened, stepMessages, type ReplayStep } from './replay-steps.ts';

/** How to print moments of a file as text. */
export interface ReplayBatchOptions {
  recording: OpenRecording;
  view: string;
  /** Moment of the first frame; undefined = the end of the file. */
  atMs: number | undefined;
  /** Frames to print; each stands so much later than the one before. */
  n: number;
  /** What a frame stands for, and the step from one to the next; undefined = the usual window. */
  intervalMs: number | undefined;
  size: Size;
  isAscii?: boolean | undefined;
  /** A frame as something else than lines of a screen, such as data; undefined = a screen. */
  render?: ((state: State) => string) | undefined;
  /** Takes a whole frame; the next waits for it. */
  write(text: string): void | Promise<void>;
  signal?: AbortSignal | undefined;
}

/**
 * Prints frames of a file: of each moment what a dashboard had shown then, since nothing later is folded in. Resolves with
 * the number of frames, 0 where the file ends before the first, and the time of its last line.
 */
export async function runReplayBatch(options: ReplayBatchOptions): Promise<{ printed: number; endMs: number }> {
  const printer = new MomentPrinter(options);
  let steps: ReplayStep[] = [];
  const builder = new ReplaySteps(options.recording.startMs, (step) => { steps.push(step); });
  const foldAll = async (): Promise<void> => {
    for (const step of steps) await printer.take(step);
    steps = [];
  };
  for await (const batch of options.recording.batches) {
    if (options.signal?.aborted === true) break;
    for (const message of batch) builder.add(message);
    await foldAll();
  }
  builder.end();
  await foldAll();
  return printer.end();
}

/** Folds steps and prints each moment that is passed; the last one is printed at the end, when it is known how long the file is. */
class MomentPrinter {
  private readonly state: State;
  private readonly replay: Replay;
  private readonly passes: (frames: Uint8Array) => Uint8Array;
  private momentMs: number;
  private endMs: number;
  private printed = 0;
  private isWaiting = false;

  constructor(private readonly options: ReplayBatchOptions) {
    const { startMs, hasTelemetry, name } = options.recording;
    this.endMs = startMs;
    this.momentMs = options.atMs ?? Infinity;
    this.replay = { file: name, fromMs: startMs, toMs: 0, readShare: 1, isRead: true, isLogged: true, speed: 1, wantedMs: undefined, isPlaying: false };
    this.state = initialState({ server: name, nowMs: startMs, view: options.view, replay: this.replay });
    this.state.isAscii = options.isAscii ?? false;
    preferPods(this.state);
    if (options.intervalMs !== undefined) this.state.windowSeconds = Math.max(1, Math.round(options.intervalMs / 1000));
    this.passes = flowChooser(flowsRequest(this.state));
    update(this.state, { type: 'flows-requested' });
    sayOpened({ startMs, hasTelemetry }, (message) => update(this.state, message));
  }

  async take(step: ReplayStep): Promise<void> {
    this.endMs = step.atMs;
    while (!this.isWaiting && step.atMs > this.momentMs) {
      update(this.state, { type: 'tick', nowMs: this.momentMs });
      this.isWaiting = this.printed + 1 >= this.options.n;
      if (!this.isWaiting) await this.print();
    }
    if (this.isWaiting) return;
    update(this.state, { type: 'tick', nowMs: step.atMs });
    for (const message of stepMessages(step, this.passes)) update(this.state, message);
  }

  async end(): Promise<{ printed: number; endMs: number }> {
    const { endMs } = this;
    this.replay.toMs = endMs;
    if (this.momentMs === Infinity) this.momentMs = endMs;
    if (this.isWaiting || this.momentMs <= endMs) {
      if (!this.isWaiting) update(this.state, { type: 'tick', nowMs: this.momentMs });
      await this.print();
    }
    return { printed: this.printed, endMs };
  }

  private async loadQuantiles(): Promise<void> {
    if (this.state.quantiles !== undefined || this.state.l7.records === 0) return;
    const { hdrQuantiles } = await import('./hdr-quantiles.ts');
    update(this.state, { type: 'quantiles', quantiles: hdrQuantiles() });
  }

  private async print(): Promise<void> {
    const { state, options } = this;
    const { size } = options;
    if (state.l7.records > 0 && state.quantiles === undefined) {
      const { hdrQuantiles } = await import('./hdr-quantiles.ts');
      update(state, { type: 'quantiles', quantiles: hdrQuantiles() });
    }
    update(state, { type: 'page-rows', rows: streamPageRows(state, size.rows - CHROME_ROWS) });
    await this.loadQuantiles();
    await options.write(options.render?.(state) ?? `${this.printed > 0 ? '\n' : ''}${frameText(state, size)}`);
    this.printed++;
    this.momentMs += options.intervalMs ?? state.windowSeconds * 1000;
  }
}
