import type { OpenRecording } from '../app/open-recording.ts';
import { parseMoment } from '../flow/moment-parse.ts';
import { clock } from '../screen/format.ts';
import { CommandError, type CommandContext, UsageError } from './command.ts';

/** Opens a recording; throws a CommandError that says what is wrong with it. */
export async function openFile(path: string, context: CommandContext): Promise<OpenRecording> {
  const { openRecording } = await import('../app/open-recording.ts');
  try {
    return await openRecording(path, context.signal);
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The moment that --at names in a recording; throws UsageError. */
export function readMoment(text: string | undefined, recording: OpenRecording): number | undefined {
  if (text === undefined) return undefined;
  const atMs = parseMoment(text, recording.startMs);
  if (atMs === undefined) throw new UsageError(`invalid argument "${text}" for "--at" flag: expected 2026-03-04T09:15:02Z, 09:15:02 or +SECONDS`);
  if (atMs < Math.floor(recording.startMs / 1000) * 1000) throw new UsageError(`--at ${text} is before ${recording.name} begins, ${clock(recording.startMs)}Z`);
  return Math.max(atMs, recording.startMs);
}
