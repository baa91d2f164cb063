import type { Replay } from '../model/replay.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';
import { flowChooser } from './flow-chooser.ts';
import type { OpenRecording } from './open-recording.ts';
import { BEFORE_MS, ReplaySteps, sayOpened, stepMessages, type ReplayStep } from './replay-steps.ts';
import type { DashboardSource, SourceMessage } from './session.ts';

/** Steps are held so that the file can be folded again under another filter; the oldest go first. */
export const MAX_HELD_BYTES = 192 * 1024 * 1024;
/** How long folding keeps the loop from keys and frames. */
const SLICE_MS = 30;
/** A file is read on past a wanted moment for as long as that moment stays in the model. */
const BEYOND_MS = 3_500_000;

/** How a file is played. */
export interface ReplayOptions {
  speed: number;
  /** Moment to stand at first; the end if undefined. */
  atMs?: number | undefined;
}

/** A recording in place of a server: all of it is folded in at full speed, on a clock that follows the file. */
export class ReplaySource implements DashboardSource {
  readonly server: string;
  readonly replay: Replay;
  private clockMs: number;
  private steps: ReplayStep[] = [];
  private heldBytes = 0;
  private forgottenMs = 0;
  /** Next step to fold. */
  private at = 0;
  private isRestarting = false;
  private isFolding = false;
  private isClosed = false;
  /** The file was read to its end. */
  private isComplete = false;
  private passes = flowChooser(null);
  private readonly builder: ReplaySteps;
  private readonly listeners = new Set<(message: SourceMessage) => void>();

  constructor(private readonly recording: OpenRecording, private readonly options: ReplayOptions) {
    const { startMs } = recording;
    this.server = recording.name;
    this.clockMs = startMs - BEFORE_MS;
    this.replay = { file: recording.name, fromMs: startMs, toMs: startMs, readShare: 0, isRead: false, isLogged: false, speed: options.speed, wantedMs: options.atMs, isPlaying: false };
    this.builder = new ReplaySteps(startMs, (step) => this.hold(step));
  }

  /** The clock of the file. */
  now(): number {
    return this.clockMs;
  }

  subscribe(listener: (message: SourceMessage) => void): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) setImmediate(() => void this.run());
    return () => void this.listeners.delete(listener);
  }

  /** All that was read is folded in, under the filter of the last request. */
  get isIdle(): boolean {
    return !this.isFolding && !this.isRestarting && this.at === this.steps.length;
  }

  setFlowsRequest(request: GetFlowsRequest | null): void {
    this.passes = flowChooser(request);
    if (this.at === 0) return;
    this.isRestarting = true;
    // not inside the key that asked for it
    setImmediate(() => void this.fold());
  }

  close(): void {
    this.isClosed = true;
    this.listeners.clear();
    void this.recording.batches.return(undefined);
  }

  private async run(): Promise<void> {
    this.open();
    try {
      for await (const batch of this.recording.batches) {
        if (this.isClosed) return;
        for (const message of batch) this.builder.add(message);
        await this.fold();
        this.tellProgress(false);
        if (this.options.atMs !== undefined && this.clockMs > this.options.atMs + BEYOND_MS) break;
      }
    } catch (error) {
      this.recording.said.push(error instanceof Error ? error.message : String(error));
    }
    this.builder.end();
    this.isComplete = true;
    await this.fold();
    this.tellTroubles();
  }

  private open(): void {
    sayOpened({ startMs: this.clockMs + BEFORE_MS, hasTelemetry: this.recording.hasTelemetry }, (message) => {
      if (message.type === 'tick') this.clockMs = message.nowMs;
      this.emit(message);
    });
  }

  private hold(step: ReplayStep): void {
    this.steps.push(step);
    this.heldBytes += step.bytes;
  }


  /** Folds what is not folded yet, from the beginning after a restart; keys and frames come in between. */
  private async fold(): Promise<void> {
    if (this.isFolding) return;
    this.isFolding = true;
    try {
      let sliceEndMs = performance.now() + SLICE_MS;
      for (;;) {
        if (this.isRestarting) this.restart();
        const step = this.steps[this.at];
        if (step === undefined || this.isClosed) break;
        this.at++;
        this.foldStep(step);
        if (performance.now() < sliceEndMs) continue;
        await new Promise((resolve) => { setImmediate(resolve); });
        sliceEndMs = performance.now() + SLICE_MS;
      }
      this.forgetOldest();
    } finally {
      this.isFolding = false;
    }
    if (this.isComplete) this.tellProgress(true);
  }

  private foldStep(step: ReplayStep): void {
    this.clockMs = step.atMs;
    this.emit({ type: 'tick', nowMs: step.atMs });
    for (const message of stepMessages(step, this.passes)) this.emit(message);
  }

  private restart(): void {
    this.isRestarting = false;
    this.at = 0;
    this.clockMs = (this.steps[0]?.atMs ?? this.clockMs) - BEFORE_MS;
    this.emit({ type: 'replay-restart', nowMs: this.clockMs });
    this.tellProgress(false);
    this.open();
  }

  private forgetOldest(): void {
    let gone = 0;
    while (this.heldBytes > MAX_HELD_BYTES && gone < this.at) {
      const step = this.steps[gone++];
      this.heldBytes -= step?.bytes ?? 0;
      this.forgottenMs = step?.atMs ?? this.forgottenMs;
    }
    if (gone === 0) return;
    this.steps.splice(0, gone);
    this.at -= gone;
  }

  private tellProgress(isRead: boolean): void {
    this.emit({ type: 'replay', progress: { toMs: Math.max(this.replay.toMs, this.clockMs), readShare: this.recording.readShare(), isRead } });
  }

  private tellTroubles(): void {
    const words = [
      ...this.recording.said.slice(0, 1),
      ...(this.recording.said.length > 1 ? [`${this.recording.said.length - 1} more notes: hubtop replay --batch prints them`] : []),
      ...(this.builder.untimed > 0 ? [`${this.builder.untimed} flows have no time: they take that of the line before`] : []),
      ...(this.forgottenMs > 0 ? [`filters reach back to ${new Date(this.forgottenMs).toISOString().slice(11, 19)}Z only: the file is too long to hold`] : []),
    ];
    if (words.length > 0) this.emit({ type: 'status', text: words.join('; ') });
  }

  private emit(message: SourceMessage): void {
    for (const listener of this.listeners) listener(message);
  }
}
