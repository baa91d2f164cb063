import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { fakeContext } from './fake-context.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-what-if-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
const incident = join(import.meta.dirname, '../../../snapshots/policy-edit/flows.jsonl.gz');

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const relay = (client: string, port = '50051'): string => `kind: NetworkPolicy
metadata: {name: chat-relay-ingress, namespace: default}
spec:
  podSelector: {matchLabels: {app: chat-relay}}
  ingress: [{from: [{podSelector: {matchLabels: {app: ${client}}}}], ports: [{port: ${port}}]}]
`;

async function run(...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  const context = fakeContext();
  const code = await runProgram(['what-if', ...args], context);
  return { code, out: context.out(), errors: context.errors().join('\n') };
}

test('the edit of the recorded incident, judged before it is applied: who it refuses, and what is missing', async () => {
  const { code, out } = await run('--objects', write('edited.yaml', relay('commentary-api')), incident);
  expect(code).toBe(1);
  expect(out).toMatch(/NEWLY REFUSED {3}[\d ]+ flows of 1 pair\n {2}default\/commentary-fanout → default\/chat-relay:50051\/TCP/);
  expect(out).toContain('ingress: no rule of default/chat-relay-ingress allows it; closest is spec.ingress[0] of default/chat-relay-ingress: it wants app=commentary-api, not app=commentary-fanout');
});

test('and its cure: nothing is newly refused, what was refused is allowed', async () => {
  const path = write('cured/policy.yaml', relay('commentary-fanout'));
  const { code, out } = await run('--objects', join(path, '..'), incident);
  expect(code).toBe(0);
  expect(out).toContain('NEWLY REFUSED   nothing');
  expect(out).toMatch(/NEWLY ALLOWED {3}[\d ]+ flows of 1 pair/);
  const json = JSON.parse((await run('--objects', path, '-o', 'json', incident)).out) as { schema: string; flows: number; pairs: { change: string; flows: number; why: string }[] };
  expect(json.schema).toBe('hubtop/1');
  expect(json.pairs.reduce((sum, pair) => sum + pair.flows, 0)).toBe(json.flows);
  expect(json.pairs.find(({ change }) => change === 'newly allowed')?.why).toBe('spec.ingress[0] of default/chat-relay-ingress allows it');
});

test('a named port is known from the pods in the objects, else it cannot be told', async () => {
  const named = relay('commentary-fanout', 'grpc');
  const blind = await run('--objects', write('named.yaml', named), incident);
  expect(blind.out).toMatch(/CANNOT TELL {3}[\d ]+ flows of 1 pair[\s\S]*names a port, and which number that is for this pod is not in the objects/);
  expect(blind.code).toBe(0);
  const flows = gunzipSync(readFileSync(incident)).toString().split('\n').filter((line) => line.includes('"chat-relay')).map((line) => (JSON.parse(line) as { flow?: { IP: { destination: string }; destination?: { workloads?: { name: string }[] } } }).flow);
  const ips = new Set(flows.flatMap((flow) => (flow?.destination?.workloads?.[0]?.name === 'chat-relay' ? [flow.IP.destination] : [])));
  expect(ips.size).toBeGreaterThan(0);
  const pods = [...ips].map((ip, i) => `---\nkind: Pod\nmetadata: {name: chat-relay-${i}, namespace: default}\nspec: {containers: [{ports: [{name: grpc, containerPort: 50051}]}]}\nstatus: {podIPs: [{ip: "${ip}"}]}\n`);
  const seeing = await run('--objects', write('named-pods.yaml', `${named}${pods.join('')}`), incident);
  expect(seeing.out).not.toContain('CANNOT TELL');
  expect(seeing.out).toMatch(/NEWLY ALLOWED {3}[\d ]+ flows of 1 pair/);
});

test.each<[string[], number, string | RegExp]>([
  [[], 2, 'needs the FILE'],
  [[incident], 2, 'needs --objects'],
  [['--objects', 'x', incident, '-o', 'yaml'], 2, 'expected text or json'],
  [['--objects', join(folder, 'absent'), incident], 1, /nothing was judged: .*absent: no such file or folder/],
  [['--objects', write('none.yaml', 'kind: Pod\nmetadata: {name: a}\n'), incident], 1, 'no policy in'],
  [['--objects', write('bad.yaml', `${relay('a', '700000')}---\n${relay('b')}`), incident], 1, /nothing was judged: .*bad\.yaml: NetworkPolicy default\/chat-relay-ingress: spec\.ingress\[0\]\.ports\[0\]\.port 700000 is no port/],
  [['--objects', write('good.yaml', relay('a')), join(folder, 'absent.jsonl')], 1, 'cannot read'],
])('%j ends with %i', async (args, code, words) => {
  const result = await run(...args);
  expect([result.code, result.out]).toEqual([code, '']);
  if (typeof words === 'string') expect(result.errors).toContain(words);
  else expect(result.errors).toMatch(words);
});

test('a file in which no policy would be asked is told apart from one where all is well', async () => {
  const empty = write('replies.jsonl', `${JSON.stringify({ flow: { time: '2026-03-01T12:00:00Z', verdict: 'FORWARDED', is_reply: true, l4: { TCP: { source_port: 1, destination_port: 2 } } } })}\n`);
  expect((await run('--objects', write('one.yaml', relay('a')), empty)).code).toBe(3);
});

test('hostile names and labels come out as plain text', async () => {
  const evil = { pod_name: '\u001b]0;x\u0007', namespace: 'shop', labels: ['k8s:io.kubernetes.pod.namespace=shop', 'k8s:app=\u009b31m\u202e'] };
  const file = write('evil.jsonl', `${JSON.stringify({ flow: { time: '2026-03-01T12:00:00Z', verdict: 'FORWARDED', is_reply: false, IP: { source: '10.0.0.1', destination: '10.0.0.2' }, l4: { TCP: { source_port: 4000, destination_port: 80, flags: { SYN: true } } }, source: evil, destination: evil } })}\n`);
  const { out } = await run('--objects', write('deny.yaml', 'kind: NetworkPolicy\nmetadata: {name: d, namespace: shop}\nspec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: "\\e[31m"}}}]}]}\n'), file);
  expect(out).toContain('NEWLY REFUSED');
  // eslint-disable-next-line no-control-regex
  expect(out.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
});
