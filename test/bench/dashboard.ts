import { benchFirstFrame } from './first-frame.ts';
import { benchKeyToPaint } from './key-to-paint.ts';
import { benchLineBytes } from './line-bytes.ts';
import { benchMemory } from './memory.ts';
import type { BenchRow } from './row.ts';

/** What a person at the keyboard, and whoever owns the machine and the line, feels of the dashboard. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  await benchFirstFrame(report);
  await benchLineBytes(report);
  await benchKeyToPaint(report);
  await benchMemory(report);
}
