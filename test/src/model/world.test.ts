import { expect, test } from 'vitest';
import { compileFilters } from '../../../src/flow/filter.ts';
import { flowViewOf } from '../../../src/flow/view-of-flow.ts';
import { filtersOf } from '../../../src/model/chips.ts';
import { partyOf } from '../../../src/model/directory.ts';

const worlds = [
  { identity: 2, labels: ['reserved:world'] },
  { identity: 9, labels: ['reserved:world-ipv4'] },
  { identity: 10, labels: ['reserved:world-ipv6'] },
];

test('the worlds of both families are one party, and its chip finds all their flows', () => {
  const { whitelist } = filtersOf([{ field: 'to-workload', value: 'world', isNegated: false }], new Map());
  const filters = compileFilters({ whitelist });
  for (const destination of worlds) {
    expect(partyOf(destination, '').name).toBe('world');
    expect(filters.ok && filters.matches(flowViewOf({ destination }))).toBe(true);
  }
  expect(partyOf({ identity: 10 }, '').name).toBe('world');
  expect(partyOf({ identity: 8 }, '').name).toBe('ingress');
});
