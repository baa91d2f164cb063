import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { fakeContext } from './fake-context.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-input-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
const file = join(folder, 'flows.jsonl');
const line = (second: number, verdict: string): string =>
  `{"flow":{"time":"2026-03-04T09:15:0${second}Z","verdict":"${verdict}","IP":{"source":"10.0.0.${second}","destination":"10.0.0.9"}},"time":"2026-03-04T09:15:0${second}Z"}`;
writeFileSync(file, [line(1, 'FORWARDED'), line(2, 'DROPPED'), 'not json', '', '{"hubtop_telemetry":{}}', line(3, 'FORWARDED'),
  '{"time":"2026-03-04T09:15:04Z","verdict":"AUDIT"}'].join('\n'));

async function seconds(args: string[], env = {}): Promise<[printed: string, complaints: number]> {
  const context = fakeContext(env);
  expect(await runProgram(['observe', '--input-file', file, ...args], context)).toBe(0);
  return [[...context.out().matchAll(/09:15:0(\d)/g)].map((match) => match[1]).join(''), context.errors().length];
}

test.each<[string[], string]>([
  [[], '1234'],
  [['--last', '2'], '34'],
  [['--first', '1'], '1'],
  [['--verdict', 'FORWARDED'], '13'],
  [['--verdict', 'FORWARDED', '--last', '1'], '3'],
  [['--since', '2026-03-04T09:15:02Z', '--until', '2026-03-04T09:15:03Z'], '23'],
  [['-o', 'table'], '1234'],
])('observe --input-file %j', async (args, expected) => {
  const [printed, complaints] = await seconds(args);
  expect(printed).toBe(expected);
  expect(complaints).toBe(args[0] === '--first' ? 0 : 2);
});

test('observe -o json gives whole responses, and bare flows where the old format is asked for', async () => {
  const context = fakeContext();
  await runProgram(['observe', '--input-file', file, '--first', '1', '-o', 'json'], context);
  expect(context.out()).toBe(`${line(1, 'FORWARDED')}\n`);
  const legacy = fakeContext({ HUBBLE_COMPAT: 'legacy-json-output' });
  await runProgram(['observe', '--input-file', file, '--first', '1', '-o', 'json'], legacy);
  expect(legacy.out()).toMatch(/^\{"time":"2026-03-04T09:15:01Z","verdict":"FORWARDED"/);
});
