import type { ClusterClient } from '../client/cluster-client.ts';
import type { RecordingFile } from '../client/recording-file.ts';
import type { RecordingWriter } from '../client/recording-writer.ts';
import { parseDuration } from '../flow/time-parse.ts';
import { bytes, grouped } from '../screen/format.ts';
import { type Command, CommandError, type CommandContext, UsageError } from './command.ts';
import { connectionFlags, readConnection } from './connection-flags.ts';
import { filterFlags } from './filter-flag-table.ts';
import type { FlagValues } from './flags.ts';
import { rawFilterFlags, readFilters } from './observe-request.ts';
import { reachServer } from './reach-server.ts';

/** What a kill -9 costs at most. */
const flushMs = 1_000;
/** How long to wait for a server at first; one that goes away later is waited for as long as it takes. */
const connectMs = 5_000;

/** `hubtop record FILE`. */
export const record: Command = {
  usage: 'record FILE [flags]',
  summary: 'Save what is seen: flows as hubble observe -o jsonpb prints them, and telemetry',
  flags: [
    { name: 'for', kind: 'text', value: 'DURATION', help: 'end after so long, such as 90s or 1h30m (default: until Ctrl-C)' },
    { name: 'force', kind: 'bool', help: 'overwrite FILE if it exists; gzip if it ends in .gz' },
    ...filterFlags, ...rawFilterFlags, ...connectionFlags,
  ],
  usageExitCode: 2,
  maxPositionals: 1,
  async run(values, [path], context) {
    if (path === undefined) throw new UsageError('record needs the FILE to write: hubtop record FILE');
    const settings = readConnection(values, context.env);
    const filters = readFilters(values, context.env);
    const forMs = readFor(values);
    const [{ connectCluster }, { RecordingWriter: Writer }] = await Promise.all([import('../client/cluster-client.ts'), import('../client/recording-writer.ts')]);
    const file = await openFile(path, values.bool('force'));
    const writer = new Writer((lines) => { file.write(lines); }, Date.now);
    const { settings: reached, close } = await reachServer(settings, context);
    const client = connectCluster({ server: reached.server, tls: reached.tls, metadata: reached.metadata });
    client.setFlowsRequest({ follow: true, ...filters });
    const startMs = Date.now();
    try {
      await new Recorder(client, { writer, file }, context).run(forMs);
    } finally {
      client.close();
      file.close();
      await close();
    }
    await context.print(`${summary(writer, file, Date.now() - startMs)}\n`);
    return 0;
  },
};

function readFor(values: FlagValues): number | undefined {
  const text = values.text('for');
  if (text === undefined) return undefined;
  const ns = parseDuration(text);
  if (ns === undefined || ns <= 0n) throw new UsageError(`invalid argument "${text}" for "--for" flag: expected a duration such as 90s`);
  return Number(ns / 1_000_000n);
}

async function openFile(path: string, isOverwriting: boolean): Promise<RecordingFile> {
  const { RecordingFile: File, FileExists } = await import('../client/recording-file.ts');
  try {
    return new File(path, isOverwriting);
  } catch (error) {
    throw new CommandError(error instanceof FileExists ? `${error.message}: --force overwrites it` : error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Runs until it is told to end, its time is over, or the disk fails. */
class Recorder {
  private wasLive = false;
  private lastError = '';
  private fail: (error: Error) => void = () => {};
  private isOver = false;

  private readonly writer: RecordingWriter;
  private readonly file: RecordingFile;

  constructor(private readonly client: ClusterClient, to: { writer: RecordingWriter; file: RecordingFile }, private readonly context: CommandContext) {
    this.writer = to.writer;
    this.file = to.file;
  }

  async run(forMs: number | undefined): Promise<void> {
    const timers: NodeJS.Timeout[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        this.fail = reject;
        this.client.subscribe((message) => this.safely(() => {
          this.writer.take(message);
          if (message.type === 'connection') {
            this.wasLive ||= message.state === 'live';
            this.lastError = message.error ?? this.lastError;
          } else if (message.type === 'flows-state' && message.error !== undefined) this.complain(message.error);
        }));
        timers.push(setInterval(() => this.safely(() => this.writer.flush()), flushMs));
        timers.push(setTimeout(() => {
          if (!this.wasLive) reject(new CommandError(`nothing recorded: ${this.lastError === '' ? `no answer from ${this.client.server}` : this.lastError}`));
        }, connectMs));
        if (forMs !== undefined) timers.push(setTimeout(resolve, forMs));
        if (this.context.signal.aborted) resolve();
        this.context.signal.addEventListener('abort', () => { resolve(); }, { once: true });
      });
    } finally {
      this.isOver = true;
      for (const timer of timers) clearTimeout(timer);
    }
    this.writer.flush();
    // an hour without a flow is a recording as well: the file is there, and empty
    this.file.write(new Uint8Array(0));
  }

  private complain(error: string): void {
    if (error === this.lastError) return;
    this.lastError = error;
    this.context.printError(`hubtop: flow stream: ${error}`);
  }

  // a disk that is full ends the recording, not the process
  private safely(work: () => void): void {
    if (this.isOver) return;
    try {
      work();
    } catch (error) {
      this.isOver = true;
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function summary({ counts }: RecordingWriter, file: RecordingFile, forMs: number): string {
  const lost = [
    ...(counts.lostOnNodes > 0 ? [`${grouped(counts.lostOnNodes)} events lost on the nodes`] : []),
    ...(counts.lostInStream > 0 ? [`${grouped(counts.lostInStream)} told lost in the stream`] : []),
    ...(counts.gaps > 0 ? [`${counts.gaps} gap${counts.gaps === 1 ? '' : 's'} in the connection`] : []),
    ...(counts.malformed > 0 ? [`${grouped(counts.malformed)} could not be read`] : []),
  ];
  const telemetry = counts.reports === 0 ? 'no telemetry' : `${grouped(counts.reports)} reports`;
  return `${file.path}: ${grouped(counts.flows)} flows and ${telemetry} in ${Math.round(forMs / 1000)} s, ${lost.length === 0 ? 'nothing lost' : lost.join(', ')}, ${bytes(file.bytes)}`;
}
