import { ASK_BACKGROUND, ASK_DEVICE, backgroundOfReply, endsAnswers, type Background } from './background.ts';

/**
 * Writes one of our glyphs on the empty screen, asks where the cursor is then, and takes it away again. Next to it: all is
 * well. Further: the terminal reads no UTF-8, or draws East Asian ambiguous characters two cells wide.
 */
export const ASK_GLYPH = '\x1b[H●\x1b[6n\r\x1b[K';
/** Device status report: every terminal since the VT100 answers it, in the order of what it was sent. */
export const PROBE = '\x1b[5n';
const PROBE_ANSWER = '[0n';
/** Output after which the terminal is asked whether it has got there. */
const LEAST_PROBED_BYTES = 512;
/** Unanswered probes from which the terminal is behind: one frame it works on, one that waits on the line. */
const MOST_AHEAD = 2;
/** After this long an answer is lost, such as with a detached session, and nobody waits for it any more. */
const LOST_MS = 5_000;
/** Shortest and longest time a way out waits for answers, and how many times the last answer's time. */
const [LEAST_SETTLE_MS, MOST_SETTLE_MS, SETTLE_TIMES] = [150, 1_500, 3];
/** After this long a terminal that never answered will not. */
const FIRST_ANSWER_MS = 1_000;

/** What is wanted to be known of the terminal at the start. */
export interface Wanted {
  background: boolean;
  glyphs: boolean;
}

/** What an answer told. */
export interface Told {
  background?: Background | undefined;
  /** Cells one of our glyphs took. */
  glyphCells?: number;
}

/**
 * What the terminal was asked and has not answered. Its answers also show how far behind it is: a slow line takes our
 * bytes into its buffers at once and shows them much later, so that the frame after next would only make it later.
 */
export class Questions {
  /** How long the last answer took, in milliseconds; 0 = none came yet. */
  answerMs = 0;
  private askedAtMs = 0;
  private hasAnswered = false;
  private probedAtMs: number[] = [];
  private unprobedBytes = 0;

  /** Asks what the terminal is, and before that what is wanted; only on an empty screen. */
  ask(nowMs: number, wanted: Wanted): string {
    this.askedAtMs = nowMs;
    return (wanted.glyphs ? ASK_GLYPH : '') + (wanted.background ? ASK_BACKGROUND : '') + ASK_DEVICE;
  }

  /** What to send behind a frame of so many bytes: now and then a probe, once the terminal has shown that it answers. */
  after(bytes: number, nowMs: number): string {
    this.unprobedBytes += bytes;
    if (!this.hasAnswered || this.unprobedBytes < LEAST_PROBED_BYTES) return '';
    this.unprobedBytes = 0;
    this.probedAtMs.push(nowMs);
    return PROBE;
  }

  /** Takes an answer and gives what it tells. What was not asked for tells nothing. */
  take(reply: string, nowMs: number): Told {
    if (reply === PROBE_ANSWER) this.answerMs = Math.max(0, nowMs - (this.probedAtMs.shift() ?? nowMs));
    if (this.askedAtMs === 0) return {};
    const column = /^\[1;(\d{1,3})R$/.exec(reply)?.[1];
    if (column !== undefined) return { glyphCells: Number(column) - 1 };
    if (!endsAnswers(reply)) return { background: backgroundOfReply(reply) };
    this.hasAnswered = true;
    this.answerMs = Math.max(0, nowMs - this.askedAtMs);
    this.askedAtMs = 0;
    return {};
  }

  /** Whether another frame now would only lengthen the queue before the terminal. */
  isBehind(nowMs: number): boolean {
    if (nowMs - (this.probedAtMs.at(-1) ?? nowMs) > LOST_MS) this.probedAtMs = [];
    return this.probedAtMs.length >= MOST_AHEAD;
  }

  /** How long the oldest probe has waited for its answer. */
  behindMs(nowMs: number): number {
    return nowMs - (this.probedAtMs[0] ?? nowMs);
  }

  /** How long a way out should wait for answers, so that they do not end on the shell's command line; 0 = none is on its way. */
  settleMs(nowMs: number): number {
    const isAsked = this.askedAtMs !== 0 && nowMs - this.askedAtMs < FIRST_ANSWER_MS;
    if (!isAsked && this.probedAtMs.length === 0) return 0;
    return Math.min(MOST_SETTLE_MS, Math.max(LEAST_SETTLE_MS, SETTLE_TIMES * this.answerMs));
  }

  /** Whether an answer is on its way. */
  get isOpen(): boolean {
    return this.askedAtMs !== 0 || this.probedAtMs.length > 0;
  }

  /** Whoever has the terminal now gets what is still on its way. */
  forget(): void {
    this.askedAtMs = 0;
    this.probedAtMs = [];
    this.unprobedBytes = 0;
  }
}
