import { createServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { FakeKubectl, type FakeCluster } from '../client/kube/fake-kubectl.ts';
import { FakeStockRelay } from '../relay/fake-stock-relay.ts';
import { flowOf, TALKS } from '../app/fake-cluster.ts';
import { fakeContext } from './fake-context.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function cluster(more: FakeCluster = {}): Promise<FakeKubectl> {
  const relay = await new FakeStockRelay(['node-01']).start();
  closers.push(() => relay.stop());
  for (const talk of TALKS) relay.send(flowOf(talk, Date.now()));
  const fake = new FakeKubectl({ reach: { 80: Number(relay.address.split(':').at(-1)) }, ...more });
  closers.push(() => fake.close());
  return fake;
}

test.each([
  ['status', /^Healthcheck \(via 127\.0\.0\.1:\d+\): Ok\n.*Connected Nodes: 1\/1\n/s],
  ['list nodes', /^NAME .*\nnode-01 +Connected /],
  ['observe --last 3', /payments-9999|NO_SOCKET|kernel/],
])('hubtop %s -P goes through kubectl and leaves none behind', async (line, expected) => {
  const fake = await cluster();
  const context = fakeContext();
  expect([await runProgram([...line.split(' '), '-P', '--port-forward-port', '0', '--kube-context', 'c'], context), context.errors()]).toEqual([0, []]);
  expect(context.out()).toMatch(expected);
  expect(fake.calls[0]).toContain('--context=c');
  expect(fake.forwards).toEqual([]);
});

test.each(['status', 'list nodes', 'observe', 'observe agent-events', 'watch peers', '--batch -n 1'])('hubtop %s -P says in one line what kubectl refuses', async (line) => {
  await cluster({ fails: { 'get service': 'Error from server (NotFound): services "hubble-relay" not found' } });
  const context = fakeContext();
  expect(await runProgram([...line.split(' '), '-P'], context)).toBe(1);
  expect(context.errors()).toEqual(['hubtop: kubectl get service hubble-relay: services "hubble-relay" not found']);
});

test('hubtop -P says what to do when its local port is taken', async () => {
  const fake = await cluster();
  const taken = createServer();
  await new Promise<void>((resolve) => { taken.listen(0, '127.0.0.1', resolve); });
  closers.push(() => { taken.close(); });
  const port = (taken.address() as AddressInfo).port;
  const context = fakeContext();
  expect(await runProgram(['status', '-P', '--port-forward-port', String(port)], context)).toBe(1);
  expect(context.errors()).toEqual([`hubtop: kubectl port-forward service/hubble-relay: unable to listen on any of the requested ports: [{${port} 80}]: --port-forward-port 0 takes a free one`]);
  expect(fake.forwards).toEqual([]);
});

test('hubtop -P ends in peace when it is interrupted while kubectl works', async () => {
  await cluster();
  const stop = new AbortController();
  const context = { ...fakeContext(), signal: stop.signal };
  const running = runProgram(['status', '-P'], context);
  stop.abort();
  expect(await running).toBe(0);
});

test('hubtop observe takes a file or kubectl, not both', async () => {
  const context = fakeContext();
  expect(await runProgram(['observe', '-P', '--input-file', 'x'], context)).toBe(1);
  expect(context.errors()).toEqual(['hubtop: cannot set both --input-file and --port-forward']);
});

test.each([
  ['--cilium-metrics', 'ftp://x', '"ftp://x" is no address of metrics'],
  ['--cilium-metrics', Array.from({ length: 65 }, (_, i) => `n${i}`).join(','), 'takes 64 addresses at most'],
])('hubtop %s %.20s is wrong usage', async (flag, value, expected) => {
  const context = fakeContext();
  expect(await runProgram(['--batch', flag, value], context)).toBe(2);
  expect(context.errors()[0]).toContain(expected);
});
