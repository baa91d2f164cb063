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
  // the broken line; telemetry is none
  const [printed, complaints] = await seconds(args);
  expect(printed).toBe(expected);
  expect(complaints).toBe(1);
});

test('observe -o json gives whole responses, and bare flows where the old format is asked for', async () => {
  const context = fakeContext();
  await runProgram(['observe', '--input-file', file, '--first', '1', '-o', 'json'], context);
  expect(context.out()).toBe(`${line(1, 'FORWARDED')}\n`);
  const legacy = fakeContext({ HUBBLE_COMPAT: 'legacy-json-output' });
  await runProgram(['observe', '--input-file', file, '--first', '1', '-o', 'json'], legacy);
  expect(legacy.out()).toMatch(/^\{"time":"2026-03-04T09:15:01Z","verdict":"FORWARDED"/);
});

test('observe --input-file takes what a newer server wrote, says once that it left something out, and skips other events', async () => {
  const newer = join(folder, 'newer.jsonl');
  const flow = (second: number, more: string): string => `{"flow":{"time":"2026-03-04T09:15:0${second}Z",${more}"IP":{"source":"10.0.0.1"}}}`;
  writeFileSync(newer, [
    flow(1, '"verdict":"DROPPED","chunk":{"type":[1]},'),
    flow(2, '"verdict":"NEWER",'),
    flow(3, '"extensions":{"@type":"type.googleapis.com/vendor.Thing","value":{"a":1}},'),
    flow(4, '"verdict":99,'),
    '{"agent_event":{"type":"AGENT_STARTED"},"node_name":"n","time":"2026-03-04T09:15:05Z"}',
    '{"time":"2026-03-04T09:15:06Z","verdict":"AUDIT","chunk":1}',
  ].join('\n'));
  const context = fakeContext();
  expect(await runProgram(['observe', '--input-file', newer, '-o', 'jsonpb'], context)).toBe(0);
  expect([...context.out().matchAll(/"flow":\{"time":"2026-03-04T09:15:0(\d)Z"(?:,"verdict":("?\w+"?))?/g)].map((match) => match.slice(1).join(' ').trim()))
    .toEqual(['1 "DROPPED"', '2', '3', '4 99', '6 "AUDIT"']);
  expect(context.errors()).toEqual([
    `hubtop: ${newer}:1: fields or values that are not known here are left out`, `hubtop: ${newer}: 1 agent or debug event was left out`,
  ]);
});
