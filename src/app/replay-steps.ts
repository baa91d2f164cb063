import { nodeStatusesIn } from '../client/frame-kinds.ts';
import type { ClientMessage } from '../client/client-message.ts';
import type { RecordedMessage } from '../client/recording-reader.ts';
import { tryDecode } from '../wire/codec.ts';
import { timestampOf } from '../model/time.ts';
import type { SourceMessage } from './session.ts';
import { FRAME_PREFIX_BYTES, frameOf } from '../wire/frame-splitter.ts';
import { GetFlowsResponseTag } from '../wire/gen/field-numbers.ts';
import { ReportCodec } from '../wire/gen/hubtop.ts';
import { GetFlowsResponseCodec } from '../wire/gen/observer.ts';
import { NodeStateEnum, type NodeStatusEvent } from '../wire/gen/relay.ts';

/** What of a file happens at one time: messages are made anew each time it is played. */
export interface ReplayStep {
  atMs: number;
  parts: readonly StepPart[];
  /** Memory it takes, about. */
  bytes: number;
}

/** What a step has to say: what a live client would, and what agents' events say was changed. */
export type ReplayMessage = ClientMessage | Extract<SourceMessage, { type: 'change' }>;

/** Frames of flows, a report as bytes, or a message as it is. */
type StepPart = { frames: Uint8Array } | { report: Uint8Array } | { message: ReplayMessage };

/** Flows nearer to each other than this are folded together. */
const STEP_MS = 100;
/** While nothing happens in a file the clock goes on in steps of this, so that every second is looked at. */
const IDLE_STEP_MS = 1_000;
/** Idle steps in a row: after an hour of nothing the clock jumps. */
const MAX_IDLE_STEPS = 3_600;
/** A line so far ahead of the others has a wrong time, unless so many lines in a row say the same. */
const JUMP_MS = 3_600_000;
const JUMP_LINES = 3;
/** Flows so far ahead of the last report are of a node whose clock is ahead. */
const AHEAD_MS = 1_500;
const PART_OVERHEAD_BYTES = 100;
/** The clock begins so long before the first line: lines are in order only nearly, and what is older than the stream is not counted. */
export const BEFORE_MS = 2_000;

/** Says what a live server says first. */
export function sayOpened(of: { startMs: number; hasTelemetry: boolean }, emit: (message: SourceMessage) => void): void {
  emit({ type: 'tick', nowMs: of.startMs - BEFORE_MS });
  emit({ type: 'connection', state: 'live' });
  emit({ type: 'flows-state', isOpen: true });
  emit({ type: 'tick', nowMs: of.startMs });
  // only now: nobody looked in the time before
  if (!of.hasTelemetry) emit({ type: 'telemetry-absent' });
}

/** Cuts the messages of a recording into steps of its own clock, which goes forward only. */
export class ReplaySteps {
  private nowMs: number;
  private beganMs: number;
  private parts: StepPart[] = [];
  private frames: Uint8Array[] = [];
  private lastReportMs = 0;
  private ahead = 0;
  /** Flows without a time of their own, such as aggregates of the exporter: they take the time of the line before. */
  untimed = 0;

  /** `startMs` is where the clock begins. */
  constructor(startMs: number, private readonly onStep: (step: ReplayStep) => void) {
    this.nowMs = startMs;
    this.beganMs = startMs;
  }

  /** Takes the next message of the file. */
  add(message: RecordedMessage): void {
    const timeMs = this.believed(message);
    if (timeMs - this.beganMs > STEP_MS) {
      this.end();
      this.idleUntil(timeMs);
    }
    this.nowMs = Math.max(this.nowMs, timeMs);
    if (message.kind === 'telemetry') {
      this.closeFrames();
      this.lastReportMs = this.nowMs;
      this.parts.push({ report: ReportCodec.encode(message.report) });
    } else if (message.kind === 'change') {
      this.closeFrames();
      this.parts.push({ message: { type: 'change', change: message.change } });
    } else if (isStatus(message.frame)) this.addStatus(message.frame);
    else this.frames.push(message.timeMs > 0 ? message.frame : this.timed(message.frame));
  }

  /** Gives what is left as the last step. */
  end(): void {
    this.closeFrames();
    const { parts } = this;
    this.parts = [];
    if (parts.length > 0) this.onStep({ atMs: this.nowMs, parts, bytes: parts.reduce((sum, part) => sum + bytesOf(part), 0) });
  }

  private idleUntil(timeMs: number): void {
    for (let i = 0; i < MAX_IDLE_STEPS && timeMs - this.nowMs > IDLE_STEP_MS; i++) {
      this.nowMs += IDLE_STEP_MS;
      this.onStep({ atMs: this.nowMs, parts: [], bytes: 0 });
    }
    this.beganMs = timeMs;
  }

  /** When a message happened on the file's clock; that of the line before where its time is none or absurd. */
  private believed(message: RecordedMessage): number {
    const { timeMs } = message;
    if (timeMs <= this.nowMs) return this.nowMs;
    if (timeMs - this.nowMs > JUMP_MS && ++this.ahead < JUMP_LINES) return this.nowMs;
    this.ahead = 0;
    // reports and states are told by the relay's clock or the recorder's own
    if (this.lastReportMs === 0 || message.kind === 'telemetry' || (message.kind === 'response' && isStatus(message.frame))) return timeMs;
    return Math.max(this.nowMs, Math.min(timeMs, this.lastReportMs + AHEAD_MS));
  }

  private closeFrames(): void {
    if (this.frames.length === 0) return;
    this.parts.push({ frames: Buffer.concat(this.frames) });
    this.frames = [];
  }

  // a node_status that names no node is of the recorder's own connection
  private addStatus(frame: Uint8Array): void {
    this.closeFrames();
    const statuses = nodeStatusesIn(frame);
    for (const message of statuses) this.parts.push({ message });
    if (statuses.length > 0) return;
    const decoded = tryDecode(GetFlowsResponseCodec, frame.subarray(FRAME_PREFIX_BYTES));
    const status = decoded.ok ? decoded.value.node_status : undefined;
    if (status !== undefined) this.parts.push(...connectionParts(status));
  }

  // behind a message its fields can go on
  private timed(frame: Uint8Array): Uint8Array {
    this.untimed++;
    const time = GetFlowsResponseCodec.encode({ time: timestampOf(this.nowMs) });
    return frameOf(Buffer.concat([frame.subarray(FRAME_PREFIX_BYTES), time]));
  }
}

function isStatus(frame: Uint8Array): boolean {
  return frame[FRAME_PREFIX_BYTES] === GetFlowsResponseTag.node_status;
}

function connectionParts({ state_change, message: error = '' }: NodeStatusEvent): StepPart[] {
  const messages: ClientMessage[] = state_change === NodeStateEnum.values['NODE_CONNECTED']
    ? [{ type: 'connection', state: 'connecting' }, { type: 'connection', state: 'live' }, { type: 'flows-state', isOpen: true }]
    : [{ type: 'connection', state: 'lost', error }, { type: 'flows-state', isOpen: false }];
  return messages.map((message) => ({ message }));
}

function bytesOf(part: StepPart): number {
  return PART_OVERHEAD_BYTES + ('frames' in part ? part.frames.length : 'report' in part ? part.report.length : 0);
}

/** The messages of a step as a live source would send them; `passes` chooses among the flows. */
export function stepMessages(step: ReplayStep, passes: (frames: Uint8Array) => Uint8Array): ReplayMessage[] {
  return step.parts.flatMap((part): ReplayMessage[] => {
    if ('message' in part) return [part.message];
    if ('report' in part) return [{ type: 'telemetry', report: ReportCodec.decode(part.report) }];
    const bytes = passes(part.frames);
    return bytes.length === 0 ? [] : [{ type: 'flows', bytes }];
  });
}
