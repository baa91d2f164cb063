import { expect, test } from 'vitest';
import { emptyCatalog, type EndpointFact } from '../../../agent/decode/facts.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { LabelSets, MAX_LABEL_SETS, WORLD_LABELS, unknownEndpoint } from '../../../agent/enrich/label-sets.ts';

const world = { identity: 2, labels: ['reserved:world'] };

test('LabelSets forget the oldest set nobody has, never give its number again, and call it unknown, not the world', () => {
  const sets = new LabelSets(world);
  const kept = sets.numberOf({ labels: ['k8s:app=kept'] });
  const oldest = sets.numberOf({ labels: ['k8s:job=first'] });
  const live = new Set([kept]);
  let last = oldest;
  for (let job = 0; job < MAX_LABEL_SETS * 2; job++) {
    last = sets.numberOf({ labels: [`k8s:job=${job}`] });
    if (job % 1000 === 0) sets.keep(live);
  }
  expect(sets.size).toBeLessThan(MAX_LABEL_SETS);
  expect(sets.overflowCount).toBe(0);
  expect(sets.forgottenCount).toBeGreaterThan(MAX_LABEL_SETS);
  expect(sets.get(oldest)).toEqual({ labels: oldest, endpoint: unknownEndpoint });
  expect(sets.get(kept).endpoint.labels).toEqual(['k8s:app=kept']);
  expect(sets.get(last).endpoint.labels).toEqual([`k8s:job=${MAX_LABEL_SETS * 2 - 1}`]);
  expect(sets.get(WORLD_LABELS).endpoint).toBe(world);
  expect(sets.numberOf({ labels: ['k8s:job=first'] })).toBe(last + 1);
});

test('LabelSets count what finds no room among sets that are all in use', () => {
  const sets = new LabelSets(world);
  for (let set = 0; set < MAX_LABEL_SETS; set++) sets.numberOf({ identity: set });
  expect(sets.numberOf({ identity: -1 })).toBe(WORLD_LABELS);
  expect(sets.overflowCount).toBe(1);
});

test('EndpointVersions never forget what is live, however small the history', () => {
  const versions = new EndpointVersions('n', 1);
  const pods = Array.from({ length: 100 }, (_, index): EndpointFact => ({
    ips: [`10.0.0.${index}`], namespace: 'shop', pod_name: `web-${index}`, labels: ['k8s:app=web'], workloads: [], identity: 300, node_name: 'n', hostNetwork: false, uid: `${index}`,
  }));
  const { upserts } = versions.apply({ ...emptyCatalog, endpoints: pods }, 1n);
  for (let change = 0; change < 20; change++) versions.apply({ ...emptyCatalog, endpoints: [...pods, { ...(pods[0] as EndpointFact), uid: `x${change}`, ips: ['10.0.1.1'] }] }, 2n);
  expect(upserts.map(({ ref }) => versions.get(ref).endpoint.pod_name)).toEqual(pods.map((pod) => pod.pod_name));
  expect(versions.tables()[0]).toMatchObject({ entries: 8, maxEntries: 8, missed: 0 });
});

test('EndpointVersions that were forgotten are unknown, not the world, and counted', () => {
  const versions = new EndpointVersions('n');
  const pods = (generation: number): EndpointFact[] => Array.from({ length: 5_000 }, (_, index) => ({
    ips: [`10.${index >> 8}.${index & 255}.1`], namespace: 'shop', pod_name: `web-${generation}-${index}`, labels: ['k8s:app=web'], workloads: [], identity: 300, node_name: 'm', hostNetwork: false, uid: `${generation}-${index}`,
  }));
  let first = 0;
  const generations = 10;
  for (let generation = 0; generation < generations; generation++) {
    const { upserts } = versions.apply({ ...emptyCatalog, endpoints: pods(generation) }, BigInt(generation));
    first ||= upserts[0]?.ref ?? 0;
  }
  const table = versions.tables().find(({ name }) => name === 'retired endpoints');
  expect(table?.entries).toBe(4 * 4_096);
  expect(versions.forgottenCount).toBe((generations - 1) * 5_000 - 4 * 4_096);
  expect(table?.missed, 'that old names are forgotten is no trouble').toBe(0);
  expect(versions.get(first).endpoint).toBe(unknownEndpoint);
  expect(versions.of(first, true).endpoint).toBe(unknownEndpoint);
  expect(versions.tables()[0]?.missed).toBe(2);
  expect(versions.get(0).endpoint.labels).toEqual(['reserved:world']);
});
