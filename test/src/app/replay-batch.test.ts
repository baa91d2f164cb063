import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openRecording } from '../../../src/app/open-recording.ts';
import { runReplayBatch } from '../../../src/app/replay-batch.ts';
import { START_MS } from '../views/scenes.ts';
import { writeRecorded } from './recorded.ts';

const folder = join(mkdtempSync(join(tmpdir(), 'hubtop-batch-')), 'fixture');
mkdirSync(folder);
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
const files = { fleet: writeRecorded(join(folder, 'fleet.jsonl')), stock: writeRecorded(join(folder, 'stock.jsonl'), false) };
const GOLDEN = join(import.meta.dirname, 'golden');

interface Wanted { file?: keyof typeof files; view?: string; at?: number; n?: number; intervalMs?: number; cols?: number; rows?: number }

async function printed({ file = 'fleet', view = 'overview', at, n = 1, intervalMs, cols = 80, rows = 24 }: Wanted): Promise<{ frames: string[][]; endMs: number; printed: number }> {
  let text = '';
  const result = await runReplayBatch({
    recording: await openRecording(files[file]), view, atMs: at === undefined ? undefined : START_MS + at * 1000, n, intervalMs, size: { cols, rows }, write: (more) => { text += more; },
  });
  const frames = text === '' ? [] : text.split(/\n\n(?= \[)/).map((frame) => frame.replace(/\n$/, '').split('\n'));
  return { ...result, frames };
}

describe('runReplayBatch()', () => {
  test.each([
    ['fleet', 'flows', 70, 80, 24], ['fleet', 'flows', undefined, 120, 40], ['stock', 'flows', 30, 120, 40],
  ] as const)('%s, %s at %s: golden of %i x %i', async (file, view, at, cols, rows) => {
    const { frames } = await printed({ file, view, ...(at === undefined ? {} : { at }), cols, rows });
    expect(frames).toHaveLength(1);
    expect(frames[0]?.map((row) => row.length)).toEqual(Array.from({ length: rows }, () => cols));
    const golden = join(GOLDEN, `replay.${file}.${view}.${cols}x${rows}.txt`);
    // tabs and keys are other tests' business
    const text = (frames[0] ?? []).filter((_row, i) => i !== 1 && i !== rows - 1).map((row) => `${row.trimEnd()}\n`).join('');
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(golden, text);
    }
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  test('shows the figures of the moment, and the file as a strip', async () => {
    const [frame = []] = (await printed({ at: 70, cols: 120, rows: 40 })).frames;
    expect(frame[0]).toMatch(/^ \[REPLAY\] {3}fleet {3}12:01:10Z of 12:00:00-12:01:30 {3}≥301 fl\/s {3}nodes 12\/12 {3}seen 100% /);
    expect(frame[3]).toMatch(/^ │!─{40,50}░{5,8}─{0,3}█─{10,20}│ Space plays/);
    expect(frame.join('\n')).toContain('54s of 60s observed');
  });

  test('prints talkers by pod and verdict, with what they sum up to: what a script over flows would print', async () => {
    const text = ((await printed({ file: 'stock', view: 'talkers', at: 60, intervalMs: 30_000, cols: 120, rows: 40 })).frames[0] ?? []).join('\n');
    expect(text).toContain('TOP PAIRS  by pod and verdict, 30s');
    expect(text).toMatch(/payments\/checkout-api-7d4b-x9hk +→ payments\/ledger-svc-5c8d-l0pqz:9090 \+ fwd +\d+ /);
    expect(text).toMatch(/TOTAL {2}≥?[\d ]+ flows in 30s.*\n verdicts .*FORWARDED.*DROPPED.*\n drops .*POLICY_DENIED/);
  });

  test('steps through the file, and knows only at the last frame how long it is', async () => {
    const { frames } = await printed({ at: 20, n: 3, intervalMs: 10_000 });
    expect(frames.map((frame) => /(\S+Z of \S+)/.exec(frame[0] ?? '')?.[1])).toEqual(['12:00:20Z of 12:00:00-…', '12:00:30Z of 12:00:00-…', '12:00:40Z of 12:00:00-12:01:30']);
    expect(frames[2]?.join('\n')).toContain('10s');
  });

  test('ends with the file when there are fewer moments than frames', async () => {
    expect((await printed({ at: 80, n: 9, intervalMs: 5000 })).frames).toHaveLength(3);
    expect((await printed({ n: 9, intervalMs: 5000 })).frames).toHaveLength(1);
  });

  test('prints nothing for a moment after the end, and says where that is', async () => {
    expect(await printed({ at: 91 })).toEqual({ frames: [], printed: 0, endMs: START_MS + 90_000 });
  });

  test('folds in nothing of later', async () => {
    const early = await printed({ at: 50, view: 'incidents' });
    expect(early.frames[0]?.join('\n')).not.toContain('node-09');
    const late = await printed({ at: 85, view: 'incidents' });
    expect(late.frames[0]?.join('\n')).toContain('node-09');
  });
});
