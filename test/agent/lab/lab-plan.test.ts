import { expect, test } from 'vitest';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import { planLab } from '../../../agent/lab/lab-plan.ts';

test('planLab() names two nodes and eight pods that the catalog reads without a warning', () => {
  const plan = planLab('x');
  const catalog = catalogFromObjects(plan.objects);
  expect(catalog.warnings).toEqual([]);
  expect(catalog.nodes.map((node) => node.name)).toEqual(['node-a', 'node-b']);
  expect(catalog.endpoints.map((endpoint) => endpoint.ips)).toEqual(plan.pods.map((pod) => [pod.ipv4, pod.ipv6]));
});

test('planLab() lets pods ask for a service of the lab only where somebody translates it', () => {
  const plan = planLab('x', { hasServices: true });
  const virtual = catalogFromObjects(plan.objects).services.flatMap(({ clusterIps }) => clusterIps);
  const asking = (pods: typeof plan.pods): string[] => pods.filter(({ roles }) => roles.some((role) => role.role === 'connector' && virtual.includes(role.ip))).map(({ app }) => app);
  expect(asking(plan.pods)).toEqual(['web', 'web']);
  expect(asking(planLab('x').pods)).toEqual([]);
});

test('planLab() keeps names of links within the kernel\'s 15 letters and addresses apart', () => {
  const { pods, nodes } = planLab('zzzzzz');
  expect(Math.max(...pods.map((pod) => pod.device.length))).toBeLessThanOrEqual(15);
  const ips = [...pods, ...nodes].flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
  expect(new Set(ips).size).toBe(ips.length);
  expect(new Set([...pods, ...nodes].map(({ netns }) => netns)).size).toBe(pods.length + nodes.length);
});
