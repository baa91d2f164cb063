import { expect, test } from 'vitest';
import { LocalEndpointIds } from '../../../agent/enrich/local-endpoint-ids.ts';

test('LocalEndpointIds.idOf() gives every owner a number of its own, up to the last', () => {
  const ids = new LocalEndpointIds();
  const all = Array.from({ length: 65_535 }, (_, index) => ids.idOf(`pod ${index}`));
  expect(new Set(all).size).toBe(65_535);
  expect([Math.min(...all), Math.max(...all)]).toEqual([1, 65_535]);
  expect(ids.idOf('one too many')).toBe(0);
});

test('LocalEndpointIds.keep() frees the numbers of those who are gone, and of nobody else', () => {
  const ids = new LocalEndpointIds();
  const before = ids.idOf('stays');
  const gone = ids.idOf('goes');
  ids.keep(new Set(['stays']));
  expect([ids.idOf('stays'), ids.idOf('goes')]).toEqual([before, gone]);
});
