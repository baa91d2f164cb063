import type { Replay } from '../model/replay.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';
import { flowChooser } from './flow-chooser.ts';
import type { OpenRecording } from './open-recording.ts';
import { BEFORE_MS, ReplaySteps, sayOpened, stepMessages, type ReplayStep } from './replay-steps.ts';
import type { DashboardSource, SourceMessage } from './session.ts';

/** Steps are held so that the file can be folded again under another filter; the oldest go first, and then it is read again. */
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
  /** Opens the same file once more: what is too long to hold is read again for a filter. */
  reopen(): Promise<OpenRecording>;
  /** Tests hold less. */
  maxHeldBytes?: number | undefined;
}

/** A recording in place of a server: all of it is folded in at full speed, on a clock that follows the file. */
export class ReplaySource implements DashboardSource {
  readonly server: string;
  readonly replay: Replay;
  private clockMs: number;
  private readonly maxHeldBytes: number;
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
  /** A filter needs what is not held any more. */
  private isRereading = false;
  private wake: () => void = () => {};
  private passes = flowChooser(null);
  private builder: ReplaySteps;
  private readonly listeners = new Set<(message: SourceMessage) => void>();

  constructor(private recording: OpenRecording, private readonly options: ReplayOptions) {
    const { startMs } = recording;
    this.server = recording.name;
    this.clockMs = startMs - BEFORE_MS;
    this.replay = { file: recording.name, fromMs: startMs, toMs: startMs, readShare: 0, isRead: false, isLogged: false, speed: options.speed, wantedMs: options.atMs, isPlaying: false };
    this.maxHeldBytes = options.maxHeldBytes ?? MAX_HELD_BYTES;
    this.builder = this.newBuilder();
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
    return !this.isFolding && !this.isRestarting && !this.isRereading && this.isComplete && this.at === this.steps.length;
  }

  setFlowsRequest(request: GetFlowsRequest | null): void {
    this.passes = flowChooser(request);
    if (this.at === 0) return;
    if (this.forgottenMs > 0) this.isRereading = true;
    else this.isRestarting = true;
    // not inside the key that asked for it
    setImmediate(() => (this.isRereading ? this.wake() : void this.fold()));
  }

  close(): void {
    this.isClosed = true;
    this.listeners.clear();
    this.wake();
    void this.recording.batches.return(undefined);
  }

  private async run(): Promise<void> {
    this.open();
    await this.readAll();
    while (!this.isClosed) {
      if (!this.isRereading) await new Promise<void>((resolve) => { this.wake = resolve; });
      if (this.isRereading && !this.isClosed) await this.readAgain();
    }
  }

  private async readAgain(): Promise<void> {
    this.isRereading = false;
    try {
      const recording = await this.options.reopen();
      void this.recording.batches.return(undefined);
      Object.assign(this, { recording, steps: [], heldBytes: 0, forgottenMs: 0, isComplete: false });
    } catch (error) {
      this.emit({ type: 'status', text: `the file cannot be read again for a filter: ${error instanceof Error ? error.message : String(error)}` });
      this.isRestarting = true;
      return this.fold();
    }
    this.builder = this.newBuilder();
    this.restart();
    await this.readAll();
  }

  private newBuilder(): ReplaySteps {
    return new ReplaySteps(this.recording.startMs, (step) => this.hold(step));
  }

  private async readAll(): Promise<void> {
    try {
      for await (const batch of this.recording.batches) {
        if (this.isClosed || this.isRereading) return;
        for (const message of batch) this.builder.add(message);
        await this.fold();
        this.tellProgress(false);
        if (this.options.atMs !== undefined && this.clockMs > this.options.atMs + BEYOND_MS) break;
      }
    } catch (error) {
      this.recording.said.push(error instanceof Error ? error.message : String(error));
    }
    if (this.isRereading) return;
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
        if (this.isRereading) break;
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
    if (this.isComplete && !this.isRereading) this.tellProgress(true);
  }

  private foldStep(step: ReplayStep): void {
    this.clockMs = step.atMs;
    this.emit({ type: 'tick', nowMs: step.atMs });
    for (const message of stepMessages(step, this.passes)) this.emit(message);
  }

  private restart(): void {
    this.isRestarting = false;
    this.at = 0;
    this.clockMs = (this.steps[0]?.atMs ?? this.recording.startMs) - BEFORE_MS;
    this.emit({ type: 'replay-restart', nowMs: this.clockMs });
    this.tellProgress(false);
    this.open();
  }

  private forgetOldest(): void {
    let gone = 0;
    while (this.heldBytes > this.maxHeldBytes && gone < this.at) {
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
    ];
    if (words.length > 0) this.emit({ type: 'status', text: words.join('; ') });
  }

  private emit(message: SourceMessage): void {
    for (const listener of this.listeners) listener(message);
  }
}
