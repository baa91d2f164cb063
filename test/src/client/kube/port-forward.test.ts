import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, expect, test } from 'vitest';
import { reasonIn, runKubectl } from '../../../../src/client/kube/kubectl.ts';
import { openPortForward } from '../../../../src/client/kube/port-forward.ts';
import { forwardRelay } from '../../../../src/client/kube/relay-forward.ts';
import { until } from '../../relay/fake-agent.ts';
import { FakeKubectl, type FakeCluster } from './fake-kubectl.ts';

const kube = { namespace: 'kube-system' };
const signal = new AbortController().signal;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function fakeKubectl(cluster: FakeCluster = {}): FakeKubectl {
  const fake = new FakeKubectl(cluster);
  closers.push(() => fake.close());
  return fake;
}

test('forwardRelay() finds the service\'s port, forwards it and gives the address and the cluster\'s name', async () => {
  const fake = fakeKubectl({ servicePort: '443', context: 'prod-eu1' });
  const relay = await forwardRelay({ ...kube, kubeconfig: '/k' }, { localPort: 0, signal });
  closers.push(() => relay.close());
  expect(relay.address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(relay.context).toBe('prod-eu1');
  expect(fake.calls).toContain('get service hubble-relay --output=jsonpath={.spec.ports[0].port} --namespace=kube-system --kubeconfig=/k');
  expect(fake.calls).toContain('port-forward service/hubble-relay :443 --address=127.0.0.1 --namespace=kube-system --kubeconfig=/k');
});

test('forwardRelay() asks nobody for the name of a context that was given', async () => {
  const fake = fakeKubectl();
  const relay = await forwardRelay({ ...kube, context: 'other' }, { localPort: 0, signal });
  closers.push(() => relay.close());
  expect(relay.context).toBe('other');
  expect(fake.calls.some((call) => call.startsWith('config'))).toBe(false);
});

test.each<[string, FakeCluster, string]>([
  ['no service', { fails: { 'get service': 'Error from server (NotFound): services "hubble-relay" not found' } }, 'kubectl get service hubble-relay: services "hubble-relay" not found'],
  ['no cluster', { fails: { 'get service': 'E0312 12:00:00.000000   12 memcache.go:265] "Unhandled Error"\nThe connection to the server localhost:8080 was refused - did you specify the right host or port?' } }, 'kubectl get service hubble-relay: The connection to the server localhost:8080 was refused - did you specify the right host or port?'],
  ['a service without port', { servicePort: 'none' }, 'the service kube-system/hubble-relay has no port'],
  ['no pod', { fails: { 'port-forward': 'error: unable to forward port because pod is not running. Current status=Pending' } }, 'kubectl port-forward service/hubble-relay: unable to forward port because pod is not running. Current status=Pending'],
  ['no permission', { fails: { 'port-forward': 'Error from server (Forbidden): pods "hubble-relay-1" is forbidden: User "me" cannot create resource "pods/portforward"' } }, 'kubectl port-forward service/hubble-relay: pods "hubble-relay-1" is forbidden: User "me" cannot create resource "pods/portforward"'],
])('forwardRelay() says in one line that there is %s', async (_what, cluster, message) => {
  fakeKubectl(cluster);
  await expect(forwardRelay(kube, { localPort: 0, signal })).rejects.toThrow(new Error(message));
});

test('forwardRelay() says that the local port is taken', async () => {
  fakeKubectl();
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  closers.push(() => { server.close(); });
  const address = server.address();
  const localPort = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(forwardRelay(kube, { localPort, signal })).rejects.toThrow(`unable to listen on any of the requested ports: [{${localPort} 80}]`);
});

test('runKubectl() says that there is no kubectl', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nowhere';
  closers.push(() => { process.env['PATH'] = path; });
  await expect(runKubectl(['get', 'pods'], kube, signal)).rejects.toThrow('kubectl is not on the PATH');
});

test('openPortForward() starts kubectl again on the same port when it dies, and says meanwhile why', async () => {
  const fake = fakeKubectl();
  const forward = await openPortForward({ resource: 'pod/a', ports: [{ local: 0, remote: 9962 }, { local: 0, remote: 9965 }] }, kube, { firstWaitMs: 100, random: () => 0 });
  closers.push(() => forward.close());
  expect(forward.ports).toHaveLength(2);
  expect(forward.failure).toBe('');
  process.kill(fake.forwards[0] ?? 0, 'SIGTERM');
  await until(() => forward.failure !== '');
  expect(forward.failure).toBe('kubectl port-forward pod/a: ended with code 143');
  await until(() => forward.failure === '');
  expect(fake.calls.at(-1)).toBe(`port-forward pod/a ${forward.ports[0]}:9962 ${forward.ports[1]}:9965 --address=127.0.0.1 --namespace=kube-system`);
});

test('openPortForward() starts anew when kubectl says that the way through is gone and does not end by itself', async () => {
  const fake = fakeKubectl({ complains: 'E0312 12:00:00.000000   12 portforward.go:424] "Unhandled Error" err="an error occurred forwarding 1 -> 2: error forwarding port 2 to pod x: not running"' });
  const forward = await openPortForward({ resource: 'pod/a', ports: [{ local: 0, remote: 1 }] }, kube, { firstWaitMs: 100, random: () => 0 });
  closers.push(() => forward.close());
  fake.set({});
  connect(forward.ports[0] ?? 0, '127.0.0.1').on('error', () => {});
  await until(() => forward.failure !== '');
  expect(forward.failure).toContain('an error occurred forwarding 1 -> 2');
  await until(() => forward.failure === '');
  expect(fake.forwards).toHaveLength(1);
});

test('openPortForward() ends kubectl with close() and before it listens', async () => {
  const fake = fakeKubectl();
  const forward = await openPortForward({ resource: 'pod/a', ports: [{ local: 0, remote: 1 }] }, kube);
  expect(fake.forwards).toHaveLength(1);
  await forward.close();
  expect(fake.forwards).toHaveLength(0);
  const stop = new AbortController();
  const opening = openPortForward({ resource: 'pod/b', ports: [{ local: 0, remote: 1 }] }, kube, { signal: stop.signal });
  stop.abort();
  await expect(opening).rejects.toThrow('kubectl port-forward pod/b');
  await until(() => fake.forwards.length === 0);
});

test('openPortForward() leaves no kubectl behind when its process is killed and no handler runs', async () => {
  const fake = fakeKubectl();
  const script = join(fake.folder, 'main.cjs');
  await build({
    stdin: { contents: `import { openPortForward } from './src/client/kube/port-forward.ts'; openPortForward({ resource: 'pod/a', ports: [{ local: 0, remote: 1 }] }, { namespace: 'n' }).then(() => console.log('open'));`, resolveDir: join(import.meta.dirname, '../../../..'), loader: 'ts' },
    bundle: true, platform: 'node', format: 'cjs', outfile: script,
  });
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => { child.stdout.once('data', resolve); });
  expect(fake.forwards).toHaveLength(1);
  child.kill('SIGKILL');
  await until(() => fake.forwards.length === 0);
});

test.each([
  ['', ''],
  ['warning: x\nerror: real\nhint\n', 'real'],
  ['E0312 12:00:00.000000   1234 portforward.go:424] "lost connection to pod"\n', '"lost connection to pod"'],
  ['Error from server (Forbidden): no\n', 'no'],
  ['sh: 1: something\nelse\n', 'else'],
])('reasonIn() of %j', (stderr, reason) => {
  expect(reasonIn(stderr)).toBe(reason);
});
