import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { MetricsMessage } from '../../../../src/client/client-message.ts';
import { listCiliumPods } from '../../../../src/client/kube/cilium-pods.ts';
import { forwardMetrics, MAX_METRICS_FORWARDS } from '../../../../src/client/kube/metrics-forwards.ts';
import { AGENT_PAGE } from '../metrics/agent-page.ts';
import { until } from '../../relay/fake-agent.ts';
import { FakeKubectl, type FakeCluster } from './fake-kubectl.ts';

const kube = { namespace: 'kube-system' };
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function fakeKubectl(cluster: FakeCluster): FakeKubectl {
  const fake = new FakeKubectl(cluster);
  closers.push(() => fake.close());
  return fake;
}

function pod(node: string, ports = 'peer-service=4244,prometheus=9962,envoy-metrics=9964,'): string {
  return `cilium-${node}\t${node}\t${ports}\n`;
}

async function servePage(page: string): Promise<number> {
  const server = createServer((_request, response) => { response.end(page); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  closers.push(() => { server.closeAllConnections(); server.close(); });
  return (server.address() as AddressInfo).port;
}

test('listCiliumPods() gives names, nodes and the ports with metrics, by node', async () => {
  fakeKubectl({ pods: `${pod('b', 'prometheus=9962,hubble-metrics=9965,')}${pod('a', '')}evil;name\tc\tprometheus=9962,\n\n${pod('c', 'prometheus=99999,')}` });
  expect(await listCiliumPods(kube, new AbortController().signal)).toEqual([
    { name: 'cilium-a', node: 'a', ports: [] }, { name: 'cilium-b', node: 'b', ports: [9962, 9965] }, { name: 'cilium-c', node: 'c', ports: [] },
  ]);
});

test('forwardMetrics() gives the figures of each agent by its node, follows a rollout and leaves no kubectl behind', async () => {
  const reach = { 9962: await servePage(AGENT_PAGE), 9965: await servePage('hubble_lost_events_total{source="hubble_ring_buffer"} 5\n') };
  const fake = fakeKubectl({ reach, pods: pod('a') + pod('b', 'prometheus=9962,hubble-metrics=9965,') });
  const messages: MetricsMessage[] = [];
  const end = forwardMetrics(kube, (message) => messages.push(message), { listMs: 50 });
  closers.push(end);
  const nodes = (): string[] => messages.flatMap((message) => (message.type === 'metrics' ? [`${message.metrics.node} ${message.source}`] : []));
  await until(() => new Set(nodes()).size === 3);
  expect([...new Set(nodes())].toSorted()).toEqual([
    'a pod cilium-a on a port 9962', 'b pod cilium-b on b port 9962', 'b pod cilium-b on b port 9965',
  ]);
  fake.set({ reach, pods: pod('c') });
  await until(() => nodes().includes('c pod cilium-c on c port 9962') && fake.forwards.length === 1);
  expect(messages.filter((message) => message.type === 'metrics-state' && message.error !== '')).toEqual([]);
  await end();
  expect(fake.forwards).toEqual([]);
});

test.each<[string, FakeCluster, string]>([
  ['no agents', { pods: '' }, 'metrics through kubectl: there is no running pod with k8s-app=cilium'],
  ['agents without metrics', { pods: pod('a', 'peer-service=4244,') }, 'metrics through kubectl: the agents serve none (helm value prometheus.enabled)'],
  ['no permission', { fails: { 'get pods': 'Error from server (Forbidden): pods is forbidden' } }, 'metrics through kubectl: kubectl get pods: pods is forbidden'],
  ['a forward that fails', { pods: pod('a'), fails: { 'port-forward': 'error: unable to forward port because pod is not running. Current status=Pending' } },
    'metrics of pod cilium-a on a: kubectl port-forward pod/cilium-a: unable to forward port because pod is not running. Current status=Pending'],
])('forwardMetrics() says in one sentence that there are %s', async (_what, cluster, error) => {
  fakeKubectl(cluster);
  const messages: MetricsMessage[] = [];
  closers.push(forwardMetrics(kube, (message) => messages.push(message)));
  await until(() => messages.some((message) => message.type === 'metrics-state' && message.error === error));
});

test('forwardMetrics() forwards a bounded number and says so', async () => {
  const names = Array.from({ length: MAX_METRICS_FORWARDS + 2 }, (_, i) => `n${i}`);
  const fake = fakeKubectl({ pods: names.map((name) => pod(name)).join(''), fails: { 'port-forward': 'error: no' } });
  const messages: MetricsMessage[] = [];
  closers.push(forwardMetrics(kube, (message) => messages.push(message)));
  await until(() => fake.calls.filter((call) => call.startsWith('port-forward')).length === MAX_METRICS_FORWARDS);
  expect(messages).toContainEqual({ type: 'metrics-state', source: 'kubectl', error: 'metrics of 8 of 10 agents only: one kubectl each; --cilium-metrics takes a Prometheus with all' });
});
