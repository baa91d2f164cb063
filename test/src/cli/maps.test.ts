import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { fakeContext } from './fake-context.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-maps-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

function write(name: string, data: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof data === 'string' ? data : JSON.stringify(data));
  return path;
}

const snapshot = (time: string, entries: number): unknown => ({
  schema: 'hubtop/1', kind: 'maps', time, machine: 'node-a, kernel 6.18', conntrack: [],
  maps: [{ id: 7, name: 'cilium_ct\u001b[31m', type: 'lru_hash', entries, counted_by: 'kernel', max_entries: 1000, used_by: [] }],
});
const old = write('old.json', snapshot('2026-03-01T12:00:00Z', 100));
const young = write('young.json', snapshot('2026-03-01T12:10:00Z', 143));

async function run(...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  const context = fakeContext();
  const code = await runProgram(['maps', ...args], context);
  return { code, out: context.out(), errors: context.errors().join('\n') };
}

test('diff of two snapshots is words, plain ones whatever the names', async () => {
  const { code, out } = await run('diff', old, young);
  expect(code).toBe(0);
  expect(out).toMatch(/^600 s later:\ncilium_ct.*\(lru_hash, id 7\) grew by 43, to 143 of 1,000 entries\n$/);
  expect(out).not.toContain('\u001b');
  const json = JSON.parse((await run('diff', old, young, '-o', 'json')).out) as { kind: string; changes: string[] };
  expect([json.kind, json.changes.length]).toEqual(['maps-diff', 1]);
  expect((await run('diff', old, old)).out).toBe('0 s later:\nnothing changed\n');
});

test.each<[string[], number, string]>([
  [['snapshot'], 2, 'snapshot needs the FILE'],
  [['diff'], 2, 'diff needs a snapshot'],
  [['dump'], 2, 'unknown: maps dump; there is snapshot, diff, ct, endpoints, services, policy'],
  [['--interval', '0'], 2, 'expected seconds, 0.2 to 3600'],
  [['diff', old, '--interval', '5'], 2, '--interval goes with the list alone'],
  [['-o', 'yaml'], 2, 'expected text or json'],
  [['diff', join(folder, 'absent'), young], 1, 'cannot read'],
  [['diff', write('other.json', '{"schema":"hubtop/1","kind":"frame"}'), young], 1, 'is no snapshot of hubtop maps'],
  [['diff', write('broken.json', '{'), young], 1, 'is no snapshot of hubtop maps'],
  [['diff', young, old], 2, 'the older one comes first'],
])('%j ends with %i', async (args, code, words) => {
  const result = await run(...args);
  expect([result.code, result.out]).toEqual([code, '']);
  expect(result.errors).toContain(words);
});

test('a snapshot that anybody may have written is read for what it is', async () => {
  const odd = write('odd.json', { schema: 'hubtop/1', kind: 'maps', time: 'soon', maps: [7, null, { id: 'x' }, { name: 4, entries: 'many' }], conntrack: 'no' });
  expect(readFileSync(odd, 'utf8')).toContain('soon');
  expect((await run('diff', odd, young)).code).toBe(0);
});
