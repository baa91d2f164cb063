import { statSync } from 'node:fs';
import { readRecording, type RecordedMessage } from '../client/recording-reader.ts';

/** Looked at before the first frame: where the clock begins, and whether there is telemetry. */
const PEEK_MS = 5_000;
const PEEK_MESSAGES = 5_000;
/** A time farther than this from most of the others is a broken clock's. */
const ABSURD_MS = 3_600_000;

/** A recording of which the beginning was read. */
export interface OpenRecording {
  /** Its name without ending; of a file called flows the folder's. */
  name: string;
  startMs: number;
  hasTelemetry: boolean;
  /** All messages, from the first on. */
  batches: AsyncGenerator<RecordedMessage[]>;
  /** Part of the file that was read, 0 to 1; undefined where nobody knows how much there is. */
  readShare(): number | undefined;
  /** What was wrong with its lines so far. */
  said: string[];
}

/** Opens a recording and reads its beginning. Throws if it cannot be read or holds nothing that happened at a time. */
export async function openRecording(path: string, signal?: AbortSignal): Promise<OpenRecording> {
  const size = sizeOf(path);
  const said: string[] = [];
  let read = 0;
  const batches = readRecording(path, { signal, takesChanges: true, say: (words) => { said.push(words); }, onRead: (bytes) => { read = bytes; } });
  const head: RecordedMessage[] = [];
  for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
    head.push(...next.value);
    if (hasSeenEnough(head)) break;
  }
  const startMs = startOf(head);
  if (startMs === undefined) throw new Error(`nothing to show in ${path}: no line of it is a flow or a report with a time${said[0] === undefined ? '' : ` (${said[0]})`}`);
  return {
    name: path === '-' ? 'stdin' : shortName(path),
    startMs,
    hasTelemetry: head.some(({ kind }) => kind === 'telemetry'),
    batches: all(head, batches),
    readShare: () => (size === undefined ? undefined : Math.min(1, read / size)),
    said,
  };
}

function shortName(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  const name = (parts.at(-1) ?? path).replace(/\.gz$/, '').replace(/\.jsonl?$/, '');
  return name === 'flows' ? (parts.at(-2) ?? name) : name;
}

function sizeOf(path: string): number | undefined {
  const stat = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size > 0 ? stat.size : undefined;
}

function hasSeenEnough(head: readonly RecordedMessage[]): boolean {
  if (head.length >= PEEK_MESSAGES || head.some(({ kind }) => kind === 'telemetry')) return true;
  const times = head.flatMap(({ timeMs }) => (timeMs > 0 ? [timeMs] : []));
  return times.length > 0 && Math.max(...times) - Math.min(...times) > PEEK_MS;
}

// the earliest time, but for clocks that are hours off what most lines say
function startOf(head: readonly RecordedMessage[]): number | undefined {
  const times = head.flatMap(({ timeMs }) => (timeMs > 0 ? [timeMs] : [])).sort((one, other) => one - other);
  const usual = times[times.length >> 1];
  return usual === undefined ? undefined : times.find((timeMs) => timeMs > usual - ABSURD_MS);
}

async function* all(head: RecordedMessage[], rest: AsyncGenerator<RecordedMessage[]>): AsyncGenerator<RecordedMessage[]> {
  yield head;
  yield* rest;
}
