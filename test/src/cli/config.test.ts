import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { fakeContext } from './fake-context.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-config-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
const path = join(folder, 'deep', 'config.yaml');
beforeEach(() => { rmSync(join(folder, 'deep'), { recursive: true, force: true }); });

async function run(...args: string[]): Promise<[code: number, text: string]> {
  const context = fakeContext({ HUBBLE_CONFIG: path });
  const code = await runProgram(['config', ...args], context);
  return [code, context.out() + context.errors().join('\n')];
}

test('config set keeps what it was told and get reads it back', async () => {
  expect(await run('set', 'server', 'relay:443')).toEqual([0, '']);
  expect(await run('set', 'tls', 'true')).toEqual([0, '']);
  expect(await run('set', 'tls-ca-cert-files', 'a.pem,b.pem')).toEqual([0, '']);
  expect(readFileSync(path, 'utf8')).toBe('server: relay:443\ntls: true\ntls-ca-cert-files:\n- a.pem\n- b.pem\n');
  expect(await run('get', 'server')).toEqual([0, 'relay:443\n']);
  expect(await run('get', 'tls-ca-cert-files')).toEqual([0, 'a.pem,b.pem\n']);
});

test('config view shows defaults, config reset forgets', async () => {
  await run('set', 'server', 'relay:443');
  expect((await run('view'))[1]).toMatch(/^debug: false\n.*^port-forward: false\nport-forward-port: 4245\nrequest-timeout: 12s\nserver: relay:443\n/ms);
  expect(await run('reset', 'server')).toEqual([0, '']);
  expect(await run('get', 'server')).toEqual([0, 'localhost:4245\n']);
});

test.each([
  [['get', 'nope'], 'unknown key: nope'],
  [['set', 'tls', 'maybe'], 'expected true or false'],
  [['set', 'request-timeout', 'soon'], 'expected a duration'],
  [['set', 'port-forward-port', 'x'], 'expected a whole number'],
  [['set'], 'which setting'],
  [['nope'], 'unknown command "nope"'],
  [[], 'view, get, set or reset'],
])('config %j is refused', async (args, text) => {
  const [code, said] = await run(...args);
  expect(code).toBe(1);
  expect(said).toContain(text);
});

test('a broken config file says nothing', async () => {
  writeFileSync(join(folder, 'broken.yaml'), '\u0000{{{');
  const context = fakeContext({ HUBBLE_CONFIG: join(folder, 'broken.yaml') });
  expect(await runProgram(['config', 'get', 'server'], context)).toBe(0);
  expect(context.out()).toBe('localhost:4245\n');
});
