import { expect, test } from 'vitest';
import { healthyRecords } from '../../../../agent/demo/story/healthy-records.ts';
import { StoryCluster } from '../../../../agent/demo/story/story-cluster.ts';

test.each([1, 12, 99])('healthyRecords() has calls, lookups and messages on the nodes of a cluster of %i, with addresses and without names', (nodes) => {
  const cluster = new StoryCluster(nodes);
  const records = Array.from({ length: 60 }, (_, second) => healthyRecords(cluster, second, { seed: 1, scale: 4 })).flat();
  const names = new Set(cluster.nodes.map(({ name }) => name));
  expect(records.filter(({ node }) => !names.has(node))).toEqual([]);
  expect(records.filter(({ record }) => record.source !== undefined || record.IP?.source === '')).toEqual([]);
  const urls = new Set(records.flatMap(({ record }) => record.l7?.http?.url?.replace(/pay_\w+/, '{id}') ?? []));
  for (const path of ['/v1/payments/charge', '/v1/payments/{id}/status', '/v1/payments/refund', '/healthz', '/v1/sanctions/check', '/ledger.v1.Ledger/Append']) {
    expect([...urls].some((url) => url.endsWith(path))).toBe(true);
  }
  expect(records.some(({ record }) => record.l7?.dns?.rcode === 3)).toBe(true);
  expect(records.some(({ record }) => record.l7?.kafka?.topic === 'match-events')).toBe(true);
});

test('healthyRecords() is the same for the same seed and second', () => {
  const cluster = new StoryCluster(12);
  const [one, again, other] = [1, 1, 2].map((seed) => healthyRecords(cluster, 7, { seed, scale: 4 }));
  expect(one).toEqual(again);
  expect(one).not.toEqual(other);
});
