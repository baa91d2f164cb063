import { dirname, join } from 'node:path';
import { Pty } from './pty.ts';
import type { BenchRow } from './row.ts';
import { median, scaled } from './scale.ts';

const ROUNDS = 15;
const LIMIT_MS = 20_000;
const AIM_MS = 250;
/** Printed by the shell just before the program, so that the shell's own start does not count. */
const [BEGIN, END] = ['BEGIN-OF-IT', 'END-OF-IT'];

/** Start of the bundle on a terminal, with a server that refuses, up to its first rows; beside a Node that does nothing. */
export async function benchFirstFrame(report: (row: BenchRow) => void): Promise<void> {
  const bundle = join(dirname(__filename), '..', 'hubtop.js');
  const frames: number[] = [];
  const empty: number[] = [];
  const rounds = scaled(ROUNDS, 3);
  for (let round = -1; round < rounds; round++) {
    const [nothing, frame] = [await emptyNode(), await firstFrame(bundle)];
    // the first round fills the disk's cache
    if (round < 0) continue;
    empty.push(nothing);
    frames.push(frame);
  }
  report({ name: 'first frame after start', value: median(frames), unit: 'ms', note: `120x40, median of ${rounds}; aim ${AIM_MS}` });
  report({ name: 'empty Node, start to end', value: median(empty), unit: 'ms', note: 'in turn with the row above' });
  report({ name: 'first frame / empty Node', value: median(frames.map((ms, i) => ms / (empty[i] ?? Infinity))), unit: 'ratio' });
}

async function firstFrame(bundle: string): Promise<number> {
  const pty = new Pty(`printf ${BEGIN}; exec ${process.execPath} ${bundle} --server 127.0.0.1:1`);
  const begunMs = await pty.until(new RegExp(BEGIN), LIMIT_MS);
  const shownMs = await pty.until(/CONNECTING/, LIMIT_MS);
  pty.press('q');
  await pty.end();
  return shownMs - begunMs;
}

async function emptyNode(): Promise<number> {
  const pty = new Pty(`printf ${BEGIN}; ${process.execPath} -e 0; printf ${END}`);
  const begunMs = await pty.until(new RegExp(BEGIN), LIMIT_MS);
  const endedMs = await pty.until(new RegExp(END), LIMIT_MS);
  await pty.end();
  return endedMs - begunMs;
}
