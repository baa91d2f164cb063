import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, runHubtop, startHubtop } from './hubtop-process.ts';

let demo: Running;
let address = '';

beforeAll(async () => {
  demo = startHubtop(['demo', '--no-tui', '--listen', '127.0.0.1:0']);
  [, address = ''] = await demo.waitFor(/ready (\S+)/, 15_000);
}, 20_000);

afterAll(() => demo.stop());

function check(...args: string[]): ReturnType<typeof runHubtop> {
  return runHubtop(['check', '--server', address, ...args], { timeoutMs: 40_000 });
}

test('hubtop check exits 0 when all conditions hold, one line each', () => {
  const told = check('nodes == 12 for 3s', 'flows(ns=payments) > 1/s and seen > 50%', '--least-seen', '50');
  expect(told.stderr).toBe('');
  expect(told.stdout).toMatch(/^ok {2}nodes 12 == 12 for 3 s, seen [\d.]+ %\nok {2}flows\(ns=payments\) [\d.]+\/s > 1\/s, seen [\d.]+ %\nok {2}seen [\d.]+ % > 50 %, of \d+ events, seen [\d.]+ %\n$/);
  expect(told.status).toBe(0);
});

test('hubtop check exits 1 on a breach', () => {
  const told = check('drops(ns=payments) == 0 for 30s');
  expect(told.stdout).toMatch(/^breached {2}drops\(ns=payments\) at least \d+, not == 0 for 30 s, at \d\d:\d\d:\d\dZ after \d+ s, seen [\d.]+ %\n$/);
  expect(told.status).toBe(1);
});

test('hubtop check exits 3 when it cannot tell, and says so as data', () => {
  const told = check('drops(ns=nowhere) < 1/s for 2s', '--timeout', '7s', '-o', 'json');
  expect(told.status).toBe(3);
  expect(JSON.parse(told.stdout)).toMatchObject({
    schema: 'hubtop/1', kind: 'check', server: address, exit_code: 3,
    conditions: [{ condition: 'drops(ns=nowhere) < 1/s for 2 s', metric: 'drops', bound: 1, unit: 'per second', verdict: 'unknown', reason: 'nothing was seen of ns=nowhere' }],
  });
});

test.each([
  [['nodes > 1 for 10s', '--server', '127.0.0.1:1', '--timeout', '10s'], 3, /^unknown {2}nodes > 1 for 10 s cannot be told: cannot connect to 127\.0\.0\.1:1/, ''],
  [['drops < 1/s', '--server', 'relay:http'], 2, /^$/, /^hubtop: .*relay:http/],
  [['drops(ns=shop < 1/s'], 2, /^$/, /^hubtop: expected "," or "\)" at the \^: drops\(ns=shop \^< 1\/s\n$/],
  [[], 2, /^$/, /^hubtop: check needs a condition/],
  [['drops < 1/s for 1m', '--timeout', '10s'], 2, /^$/, /^hubtop: --timeout 10s is over before a condition can hold for 60 s\n$/],
  [['drops < 1/s', '-o', 'yaml'], 2, /^$/, /^hubtop: invalid output format: yaml/],
  [['drops < 1/s', '--least-seen', 'all'], 2, /^$/, /^hubtop: invalid argument "all"/],
])('hubtop check %j exits %i', (args, status, stdout, stderr) => {
  const told = runHubtop(['check', ...args]);
  expect(told.stdout).toMatch(stdout);
  expect(told.stderr).toMatch(stderr);
  expect(told.status).toBe(status);
});

test.each([
  [['nodes == 100%', 'flows(ns=payments) > 1/s for 1m'], 0, /^ok {2}nodes 100 % == 100 %, seen 100 %\nok {2}flows\(ns=payments\) [\d.]+\/s > 1\/s for 60 s, seen 100 %\n$/],
  [['drops(class=policy) < 1/s'], 1, /^breached {2}drops\(class=policy\) [\d.]+\/s, not < 1\/s, at 21:30:\d\dZ after 2\d\d s, seen 100 %\n$/],
  [['drops(class=policy) < 1/s', '--at', '+200'], 0, /^ok {2}drops\(class=policy\) 0(?:\.\d)?\/s < 1\/s, seen 100 %\n$/],
  [['seen > 99% for 30s', 'drops < 100/s for 1h'], 3, /^ok {7}seen 100 % > 99 % for 30 s, of \d+ events, seen 100 %\nunknown {2}drops < 100\/s for 3600 s cannot be told: only 3\d\d s of 3600 s were watched; so far/],
])('hubtop check %j of a recording exits %i', (args, status, stdout) => {
  const told = runHubtop(['check', '--file', join(import.meta.dirname, '../../snapshots/policy-edit/flows.jsonl.gz'), ...args]);
  expect(told.stderr).toBe('');
  expect(told.stdout).toMatch(stdout);
  expect(told.status).toBe(status);
});

test.each([
  [['--file', '/nonexistent'], 3, /cannot read \/nonexistent/],
  [['--file', 'x', '--server', 'y'], 2, /cannot set both --file and --server/],
  [['--at', '+5'], 2, /--at goes with --file/],
])('hubtop check of %j exits %i', (args, status, stderr) => {
  const told = runHubtop(['check', 'drops < 1/s', ...args]);
  expect(told.status).toBe(status);
  expect(told.stderr).toMatch(stderr);
});

test('hubtop replay --batch -o json and md tell of a recording', () => {
  const file = join(import.meta.dirname, '../../snapshots/refund-latency/flows.jsonl.gz');
  const frame = runHubtop(['replay', file, '--batch', '-o', 'json', '--view', 'incidents']);
  expect(JSON.parse(frame.stdout)).toMatchObject({ schema: 'hubtop/1', view: 'incidents', incidents: expect.any(Array) });
  const incident = runHubtop(['replay', file, '--batch', '-o', 'md']);
  expect(incident.stdout).toMatch(/^# Incident 2026-03-01 21:31/);
  expect(incident.stdout).toMatch(/## Requests[^]*\/v1\/payments\/refund/);
  const edited = runHubtop(['replay', join(import.meta.dirname, '../../snapshots/policy-edit/flows.jsonl.gz'), '--batch', '-o', 'md']);
  expect(edited.stdout).toMatch(/commentary-fanout → default\/chat-relay:50051[^]*- CAUSE policy default\/chat-relay-ingress rev 42 changed by kubectl-edit[^]*kubectl -n default edit netpol chat-relay-ingress/);
});

test('hubtop check --help shows every metric with its bounds, and an example of each kind', () => {
  const told = runHubtop(['check', '--help']);
  expect(told.status).toBe(0);
  for (const metric of ['drops', 'flows', 'connections', 'resets', 'seen', 'lost', 'nodes', 'conntrack', 'map', 'incidents']) expect(told.stdout).toMatch(new RegExp(`^ {2}${metric} +\\S`, 'm'));
  expect(told.stdout).toContain("hubtop check 'drops(ns=shop) < 1/s for 30s'");
});

test('hubtop --batch -o json prints each frame as one object', () => {
  const told = runHubtop(['--server', address, '--batch', '-o', 'json', '-n', '2', '--interval', '1', '--view', 'talkers']);
  expect(told.stderr).toBe('');
  expect(told.status).toBe(0);
  const frames = told.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { schema: string; view: string; moment: string; window: { seconds: number }; talkers: { verdict: string; flows: number; source: { namespace: string; name: string } }[] });
  expect(frames).toHaveLength(2);
  for (const frame of frames) {
    expect(frame).toMatchObject({ schema: 'hubtop/1', view: 'talkers', window: { seconds: 1 } });
    expect(frame.talkers[0]).toMatchObject({ group: 'pod', verdict: 'FORWARDED', flows: expect.any(Number), source: { namespace: expect.any(String), name: expect.any(String) } });
  }
  expect(Date.parse(frames[1]?.moment ?? '')).toBeGreaterThan(Date.parse(frames[0]?.moment ?? ''));
});

test('hubtop --batch -o md prints an incident', () => {
  const told = runHubtop(['--server', address, '--batch', '-o', 'md', '-n', '1', '--interval', '2']);
  expect(told.status).toBe(0);
  expect(told.stdout).toMatch(/^# Incident \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  expect(told.stdout).toContain('## What was seen, and what not');
});

test.each([
  [['--batch', '-o', 'yaml'], /invalid output format: yaml: expected text, json, md or html/],
  [['--batch', '-o', 'json', '--view', 'help'], /view "help" has no data: there is overview, /],
  [['-o', 'json'], /--output goes with --batch/],
])('hubtop %j is wrong usage', (args, message) => {
  const told = runHubtop(args);
  expect(told.status).toBe(2);
  expect(told.stderr).toMatch(message);
});
