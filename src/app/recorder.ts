import type { RecordingFile } from '../client/recording-file.ts';
import type { RecordingWriter } from '../client/recording-writer.ts';
import { scrub } from '../lib/scrub.ts';
import type { Recording } from '../model/recording.ts';
import type { DashboardSource } from './session.ts';

/** Files that one second's name is counted up to. */
const MAX_NAMESAKES = 100;

/** What a recorder needs to know of the dashboard. */
export interface RecorderOptions {
  source: DashboardSource;
  /** How the dashboard stands with its server when it begins. */
  isLive: boolean;
  nowMs: () => number;
  /** Told when it begins, about once a second, and when it ends (undefined); words are for the status line. */
  onState(recording: Recording | undefined, words?: string): void;
}

/** Records what a dashboard is sent to a new file in the current directory, until it is stopped or the disk fails. */
export class Recorder {
  private file: RecordingFile | undefined;
  private writer: RecordingWriter | undefined;
  private sinceMs = 0;
  private isOver = false;
  private unsubscribe: () => void = () => {};

  constructor(private readonly options: RecorderOptions) {}

  /** Opens the file and begins. */
  async start(): Promise<void> {
    const [{ RecordingFile: File, FileExists }, { RecordingWriter: Writer }] = await Promise.all([import('../client/recording-file.ts'), import('../client/recording-writer.ts')]);
    this.safely(() => {
      if (this.isOver) return;
      const { nowMs, isLive, source } = this.options;
      this.sinceMs = nowMs();
      const file = newFile(nameOf(this.sinceMs), (name) => new File(name, false), FileExists);
      const writer = new Writer((bytes) => { file.write(bytes); }, nowMs);
      [this.file, this.writer] = [file, writer];
      file.write(new Uint8Array(0));
      writer.take({ type: 'connection', state: isLive ? 'live' : 'lost' });
      this.unsubscribe = source.subscribe((message) => {
        if (message.type !== 'tick' && message.type !== 'replay' && message.type !== 'replay-restart' && message.type !== 'change' && message.type !== 'status') this.safely(() => writer.take(message));
      });
      this.options.onState(this.recording, `recording to ${file.path}: S ends it`);
    });
  }

  /** Brings what is held back to the disk: call it about once a second. */
  flush(): void {
    this.safely(() => {
      this.writer?.flush();
      if (this.recording !== undefined) this.options.onState(this.recording);
    });
  }

  stop(): void {
    this.safely(() => this.writer?.flush());
    const { recording } = this;
    if (!this.isOver) this.end(recording === undefined ? '' : `${recording.flows} flows are in ${recording.file}: hubtop replay ${recording.file}`);
  }

  private get recording(): Recording | undefined {
    return this.file === undefined || this.writer === undefined ? undefined : { file: this.file.path, sinceMs: this.sinceMs, flows: this.writer.counts.flows };
  }

  private end(words: string): void {
    this.isOver = true;
    this.unsubscribe();
    this.file?.close();
    this.options.onState(undefined, words);
  }

  private safely(work: () => void): void {
    if (this.isOver) return;
    try {
      work();
    } catch (error) {
      this.end(`recording ended: ${scrub(error instanceof Error ? error.message : String(error), 120)}`);
    }
  }
}

function nameOf(ms: number): string {
  return `hubtop-${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`;
}

// never over a file that is there: the name is counted up
function newFile(stem: string, open: (name: string) => RecordingFile, exists: new () => Error): RecordingFile {
  for (let count = 1; ; count++) {
    try {
      return open(`${stem}${count === 1 ? '' : `-${count}`}.jsonl.gz`);
    } catch (error) {
      if (!(error instanceof exists) || count >= MAX_NAMESAKES) throw error;
    }
  }
}
