import type { OpenRecording } from '../app/open-recording.ts';
import { clock } from '../screen/format.ts';
import { type Command, type CommandContext, UsageError } from './command.ts';
import type { FlagValues } from './flags.ts';
import { openFile, readMoment } from './open-file.ts';
import { batchFlags, readScreen, requireTerminal, type ScreenChoice, screenFlags } from './screen-flags.ts';

const [minSpeed, maxSpeed] = [0.1, 3600];
const defaultSize = { cols: 120, rows: 40 };

/** `hubtop replay FILE`. */
export const replay: Command = {
  usage: 'replay FILE [flags]',
  summary: 'The dashboard on a file: of hubtop record, of hubble observe -o jsonpb, of the flow-log exporter; - is stdin with --batch',
  flags: [
    ...screenFlags,
    { name: 'at', kind: 'text', value: 'TIME', help: 'moment to show: 2026-03-04T09:15:02Z, 09:15:02, or +SECONDS from the beginning (default: the end)' },
    { name: 'speed', kind: 'text', value: 'N', help: 'seconds of the file that pass in one when it plays (default 1)' },
    ...batchFlags.map((flag) => (flag.name === 'frames' ? { ...flag, help: 'with --batch: so many frames (default 1)' } : flag.name === 'interval' ? { ...flag, help: 'with --batch: what a frame stands for, and the step to the next (default 60)' } : flag)),
  ],
  usageExitCode: 2,
  maxPositionals: 1,
  async run(values, [path], context) {
    if (path === undefined) throw new UsageError('replay needs the FILE to show: hubtop replay FILE');
    const choice = await readScreen(values, context.env);
    const speed = readSpeed(values);
    if (choice.batch === undefined) {
      requireTerminal(context, 'use --batch for frames as text');
      if (path === '-') throw new UsageError('keys come from the terminal: - goes with --batch');
    }
    const recording = await openFile(path, context);
    const atMs = readMoment(values.text('at'), recording);
    return choice.batch === undefined ? play(recording, { choice, speed, atMs, path }, context) : print(recording, { choice, batch: choice.batch, atMs }, context);
  },
};

function readSpeed(values: FlagValues): number {
  const text = values.text('speed') ?? '1';
  const speed = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(speed >= minSpeed && speed <= maxSpeed)) throw new UsageError(`invalid argument "${text}" for "--speed" flag: expected ${minSpeed} to ${maxSpeed}`);
  return speed;
}

async function play(recording: OpenRecording, how: { choice: ScreenChoice; speed: number; atMs: number | undefined; path: string }, context: CommandContext): Promise<number> {
  const [{ runDashboard }, { ReplaySource }] = await Promise.all([import('../app/dashboard.ts'), import('../app/replay-source.ts')]);
  const client = new ReplaySource(recording, { speed: how.speed, atMs: how.atMs, reopen: () => openFile(how.path, context) });
  try {
    return await runDashboard({ client, view: how.choice.view, isWall: how.choice.isWall, look: how.choice.look, signal: context.signal });
  } finally {
    client.close();
    for (const words of recording.said) context.printError(`hubtop: ${words}`);
  }
}

async function print(recording: OpenRecording, how: { choice: ScreenChoice; batch: NonNullable<ScreenChoice['batch']>; atMs: number | undefined }, context: CommandContext): Promise<number> {
  const { runReplayBatch } = await import('../app/replay-batch.ts');
  const { n = 1, intervalMs, size = defaultSize } = how.batch;
  const { printed, endMs } = await runReplayBatch({
    recording, view: how.choice.view ?? 'overview', isAscii: how.choice.look.isAscii, atMs: how.atMs, n, intervalMs, size, render: how.batch.render, signal: context.signal, write: (text) => context.print(text),
  });
  for (const words of recording.said) context.printError(`hubtop: ${words}`);
  if (printed === 0) throw new UsageError(`--at is after ${recording.name} ends, ${clock(endMs)}Z`);
  return 0;
}
