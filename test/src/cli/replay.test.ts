import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { writeRecorded } from '../app/recorded.ts';
import { fakeContext } from './fake-context.ts';

const folder = join(mkdtempSync(join(tmpdir(), 'hubtop-cli-')), 'fixture');
mkdirSync(folder);
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
const file = writeRecorded(join(folder, 'fleet.jsonl'));

async function run(...args: string[]): Promise<{ code: number; out: string; errors: string[] }> {
  const context = fakeContext();
  const code = await runProgram(args, context);
  return { code, out: context.out(), errors: context.errors() };
}

test('replay --batch prints the end of a file, or the moment that is named', async () => {
  const end = await run('replay', file, '--batch', '--size', '80x24');
  expect([end.code, end.errors]).toEqual([0, []]);
  expect(end.out.split('\n')[0]).toContain('12:01:30Z of 12:00:00-12:01:30');
  const then = await run('replay', file, '--batch', '--view', 'flows', '--at', '12:00:30');
  expect([then.code, then.out.split('\n')[0]]).toEqual([0, expect.stringContaining('12:00:30Z of ') as string]);
  expect(then.out).toContain('12:00:29');
});

test.each<[string[], number, string]>([
  [['replay'], 2, 'needs the FILE'],
  [['replay', file], 1, 'use --batch'],
  [['replay', join(folder, 'absent'), '--batch'], 1, 'ENOENT'],
  [['replay', file, '--batch', '--at', 'noon'], 2, '"--at" flag'],
  [['replay', file, '--batch', '--at', '2026-02-28T12:00:00Z'], 2, 'is before fleet begins, 12:00:00Z'],
  [['replay', file, '--batch', '--at', '+91'], 2, 'ends, 12:01:30Z'],
  [['replay', file, '--batch', '--speed', '0'], 2, '"--speed" flag'],
  [['replay', file, '--batch', '--view', 'nothing'], 2, 'unknown view'],
  [['record'], 2, 'needs the FILE'],
  [['record', join(folder, 'out'), '--for', 'soon'], 2, '"--for" flag'],
  [['record', file, '--for', '1s'], 1, 'exists already: --force overwrites it'],
])('%j ends with %i', async (args, code, words) => {
  const result = await run(...args);
  expect([result.code, result.out]).toEqual([code, '']);
  expect(result.errors.join('\n')).toContain(words);
});

test('replay says on stderr what was wrong with the lines, and shows the rest', async () => {
  const broken = join(folder, 'broken.jsonl');
  writeFileSync(broken, `nonsense\n{"flow":{"time":"2026-03-01T12:00:00Z","verdict":"DROPPED"}}\n{"cut`);
  const { code, errors, out } = await run('replay', broken, '--batch', '--view', 'flows', '--size', '80x24');
  expect([code, errors.length]).toEqual([0, 2]);
  expect(errors[0]).toContain(':1: not a flow in JSON, skipped');
  expect(out).toContain('X DROP');
});
