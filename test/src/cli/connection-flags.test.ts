import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { connectionFlags, readConnection } from '../../../src/cli/connection-flags.ts';
import { parseFlatYaml } from '../../../src/cli/flat-yaml.ts';
import { FlagValues, parseFlags } from '../../../src/cli/flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-config-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
const config = join(folder, 'config.yaml');
writeFileSync(config, 'server: "config:1"\nrequest-timeout: 3s\ndebug: true\ntls-ca-cert-files:\n  - a.pem\n  - b.pem\n');

function connection(line: string, env: Record<string, string> = {}): ReturnType<typeof readConnection> {
  const result = parseFlags(connectionFlags, line === '' ? [] : line.split(' '));
  if (!result.ok) throw new Error(result.error);
  return readConnection(new FlagValues(result.parsed.given), { XDG_CONFIG_HOME: join(folder, 'absent'), ...env });
}

test.each([
  ['', {}, 'localhost:4245', 12_000],
  ['', { HUBBLE_CONFIG: config }, 'config:1', 3000],
  ['', { HUBBLE_CONFIG: config, HUBBLE_SERVER: 'env:1', HUBBLE_REQUEST_TIMEOUT: '1500ms' }, 'env:1', 1500],
  [`--server flag:1 --config ${config}`, { HUBBLE_SERVER: 'env:1' }, 'flag:1', 3000],
])('readConnection() %s %j: flag before variable before file', (line, env, server, requestTimeoutMs) => {
  expect(connection(line, env)).toMatchObject({ server, requestTimeoutMs });
});

test('readConnection() turns TLS on by flag or by tls://', () => {
  expect(connection('').tls).toBeUndefined();
  expect(connection('--tls --tls-server-name relay.example --tls-allow-insecure').tls).toEqual({ allowInsecure: true, serverName: 'relay.example' });
  expect(connection('--server tls://a:443 --tls-ca-cert-files x.pem --tls-ca-cert-files y.pem').tls).toEqual({ allowInsecure: false, caCertFiles: ['x.pem', 'y.pem'] });
  expect(connection(`--tls --config ${config}`).tls).toEqual({ allowInsecure: false, caCertFiles: ['a.pem', 'b.pem'] });
});

test('readConnection() sends basic authentication over TLS only', () => {
  expect(connection('--tls --basic-auth-username me --basic-auth-password secret').metadata).toEqual({ authorization: 'Basic bWU6c2VjcmV0' });
});

test.each([
  ['', {}, undefined],
  ['--port-forward=false', { HUBBLE_PORT_FORWARD: 'true' }, undefined],
  ['-P', {}, { localPort: 4245, kube: { namespace: 'kube-system' } }],
  ['', { HUBBLE_PORT_FORWARD: 'true', HUBBLE_KUBE_CONTEXT: 'env' }, { localPort: 4245, kube: { namespace: 'kube-system', context: 'env' } }],
  ['-P --port-forward-port 0 --kube-context c --kube-namespace n --kubeconfig /k', {}, { localPort: 0, kube: { namespace: 'n', context: 'c', kubeconfig: '/k' } }],
])('readConnection() %s %j goes through kubectl: %j', (line, env, portForward) => {
  expect(connection(line, env).portForward).toEqual(portForward);
});

test.each([
  ['--tls --tls-client-cert-file a', 'invalid flag(s): certificate and private key are both required, but only one was provided'],
  ['--tls-client-cert-file a --tls-client-key-file b', 'invalid flag(s): transport layer security required'],
  ['--tls --basic-auth-username a', 'invalid flag(s): must specify both basic-auth-username and basic-auth-password'],
  ['--basic-auth-username a --basic-auth-password b', 'transport layer security required'],
  ['-P --port-forward-port 65536', 'invalid argument "65536" for "--port-forward-port" flag: expected 0 to 65535'],
  ['--request-timeout soon', 'invalid argument "soon" for "--request-timeout" flag'],
])('readConnection() refuses %s', (line, error) => {
  expect(() => connection(line)).toThrow(error);
});

test('parseFlatYaml() reads what config files hold', () => {
  expect(parseFlatYaml("a: 1 # one\nb: 'it''s'\nc: [x, \"y\"]\nd:\n- e\n- f\nnested:\n  g: 1\n\n# end\n")).toEqual({ a: '1', b: "it's", c: 'x,y', d: 'e,f' });
});
