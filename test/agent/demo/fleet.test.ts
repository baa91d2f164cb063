import { expect, test } from 'vitest';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import { buildFleet } from '../../../agent/demo/fleet.ts';
import { buildTrafficPlan, usualFlowsPerSecond } from '../../../agent/demo/fleet-traffic.ts';
import { createSimKernel } from '../../../agent/sim/sim-kernel.ts';

test('buildFleet() gives objects that the catalog reads without a warning', () => {
  const fleet = buildFleet(12);
  const catalog = catalogFromObjects(fleet.objects);
  expect(catalog.warnings).toEqual([]);
  expect(catalog.nodes).toHaveLength(12);
  expect(catalog.endpoints).toHaveLength(fleet.pods.length);
  expect(new Set(fleet.pods.map((pod) => pod.node)).size).toBe(12);
  const workloadOf = (name: string): string[] => catalog.endpoints.filter((endpoint) => endpoint.pod_name === name).map((endpoint) => `${endpoint.workloads[0]?.kind} ${endpoint.workloads[0]?.name}`);
  expect(workloadOf('checkout-api-7d4b-x9hk')).toEqual(['Deployment checkout-api']);
  expect(workloadOf('ledger-svc-0')).toEqual(['StatefulSet ledger-svc']);
  expect(workloadOf('rewards-cron-job-1')).toEqual(['CronJob rewards-cron-job']);
});

test.each([1, 2, 5, 12, 40])('buildFleet(%i) gives every pod addresses of its own', (nodes) => {
  const ips = buildFleet(nodes).pods.flatMap((pod) => [pod.ipv4, pod.ipv6]);
  expect(new Set(ips).size).toBe(ips.length);
});

test('buildTrafficPlan() knows every end, and comes near the rate it was asked for', () => {
  const fleet = buildFleet(12);
  const plan = buildTrafficPlan(fleet, usualFlowsPerSecond);
  expect(plan.pairs.filter((pair) => pair.clients.length === 0 || pair.servers.length === 0)).toEqual([]);
  const seconds = 60;
  const kernels = fleet.nodes.map(({ name }) => createSimKernel({
    nodeName: name, seed: 1, plan, startNs: 0n, ringBytes: [1 << 22, 1 << 22], cpus: 2, conntrackMax: 4096, kernelConntrackFill: 0, bootId: '',
  }));
  for (let second = 1; second <= seconds; second++) {
    for (const kernel of kernels) kernel.step(BigInt(second) * 1_000_000_000n);
    for (const kernel of kernels) kernel.sweep({ all: false });
  }
  const events = kernels.flatMap((kernel) => kernel.sample().events);
  const perSecond = events.reduce((sum, row) => sum + row.submitted + row.lost, 0) / seconds;
  expect(perSecond).toBeGreaterThan(usualFlowsPerSecond * 0.7);
  expect(perSecond).toBeLessThan(usualFlowsPerSecond * 1.4);
});
