import { LineSplitter, type LineVisitor } from '../lib/line-splitter.ts';
import { RecordedLineReader, type RecordedLine } from '../wire/recorded-line.ts';
import { decodeText } from '../wire/text.ts';
import { DamagedFile, recordingBytes } from './recording-bytes.ts';

/** A longer line is skipped. A report of thousands of nodes takes a few MiB, a flow a few KiB. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** Reasons are quoted on one line of a terminal. */
const MAX_REASON_CHARACTERS = 160;

/** A line of a recording that says something. */
export type RecordedMessage = Extract<RecordedLine, { kind: 'response' | 'telemetry' | 'change' }>;

/** How to read. */
export interface RecordingOptions {
  signal?: AbortSignal | undefined;
  /** Told once what was wrong with the first such line, and at the end how many there were. One line each. */
  say(words: string): void;
  /** Told how many bytes of the file itself, packed if it is, were used so far. */
  onRead?: ((bytes: number) => void) | undefined;
  /** Give what agents say was changed too; else it counts among what is left out. */
  takesChanges?: boolean | undefined;
  /** Tests pass less. */
  maxLineBytes?: number | undefined;
}

/**
 * Reads a recording: plain or gzip, `-` for stdin, a batch for each chunk of the file. Broken lines are skipped and
 * counted. Throws if the file cannot be read at all.
 */
export async function* readRecording(path: string, options: RecordingOptions): AsyncGenerator<RecordedMessage[]> {
  const lines = new RecordingLines(path, options);
  try {
    for await (const chunk of recordingBytes(path, options)) {
      if (options.signal?.aborted === true) return;
      const batch = lines.take(chunk);
      if (batch.length > 0) yield batch;
    }
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw new Error(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    lines.sayDamaged(error.message);
  }
  const last = lines.end();
  if (last.length > 0) yield last;
}

class RecordingLines implements LineVisitor {
  private readonly splitter: LineSplitter;
  private readonly reader = new RecordedLineReader();
  private batch: RecordedMessage[] = [];
  private lines = 0;
  private skipped = 0;
  private others = 0;
  private isLeftOutSaid = false;
  private isLast = false;

  constructor(private readonly path: string, private readonly options: RecordingOptions) {
    this.splitter = new LineSplitter(options.maxLineBytes ?? MAX_LINE_BYTES, this);
  }

  take(chunk: Uint8Array): RecordedMessage[] {
    this.splitter.push(chunk);
    return this.takeBatch();
  }

  end(): RecordedMessage[] {
    this.isLast = true;
    this.splitter.end();
    if (this.skipped > 1) this.options.say(`${this.path}: ${this.skipped} lines of ${this.lines} were skipped`);
    if (this.others > 0) this.options.say(`${this.path}: ${this.others} agent or debug event${this.others === 1 ? ' was' : 's were'} left out`);
    return this.takeBatch();
  }

  sayDamaged(why: string): void {
    this.options.say(`${this.path}: damaged after line ${this.lines}, the rest cannot be read: ${why}`);
  }

  onLine(bytes: Uint8Array, start: number, end: number, number: number): void {
    this.lines = number;
    // a byte order mark
    const from = number === 1 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf ? start + 3 : start;
    if (isBlank(bytes, from, end)) return;
    const line = this.reader.read(decodeText(bytes, from, end));
    if (line.kind === 'bad') return this.skip(number, this.isLast ? `cut short, as by a recorder that was killed (${line.reason})` : line.reason);
    if (line.kind === 'other' || (line.kind === 'change' && this.options.takesChanges !== true)) this.others++;
    else this.batch.push(line);
    if (this.isLeftOutSaid || this.reader.leftOut === 0) return;
    this.isLeftOutSaid = true;
    this.options.say(`${this.path}:${number}: fields or values that are not known here are left out`);
  }

  onTooLong(number: number): void {
    this.lines = number;
    this.skip(number, `longer than ${this.options.maxLineBytes ?? MAX_LINE_BYTES} bytes`);
  }

  private skip(number: number, reason: string): void {
    this.skipped++;
    if (this.skipped === 1) this.options.say(`${this.path}:${number}: not a flow in JSON, skipped: ${reason.slice(0, MAX_REASON_CHARACTERS)}`);
  }

  private takeBatch(): RecordedMessage[] {
    const { batch } = this;
    this.batch = [];
    return batch;
  }
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) > 0x20) return false;
  return true;
}
