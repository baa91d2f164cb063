import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PolicyRow } from '../../../agent/decode/kernel.ts';
import { PolicyTable } from '../../../agent/kernel/policy-table.ts';
import { MAX_POLICY_ENTRIES } from '../../../agent/policy/compile.ts';
import { cannotTest, Programs } from '../../bpf/programs.ts';

if (cannotTest !== '') console.error(`skipped: policy maps: ${cannotTest}`);

const row = (peer: number, policy = 7): PolicyRow => ({ peer, direction: 1, bits: 0, protocol: 0, port: 0, policy, flags: 0, parser: 0 });
const rows = (count: number): PolicyRow[] => Array.from({ length: count }, (_, i) => row(i + 1));

// each change of the map of maps waits for all programs that may still look at it: 8 ms here
describe.skipIf(cannotTest !== '')('PolicyTable.setEndpoints()', { timeout: 90_000 }, () => {
  let programs: Programs;
  let table: PolicyTable;
  beforeAll(() => {
    programs = new Programs({ maxEntries: { ht_policies: 64 } });
    table = new PolicyTable({ policies: programs.object.map('ht_policies'), networks: programs.object.map('ht_networks') });
  });
  afterEach(() => { table.setEndpoints(new Map()); });
  afterAll(() => { programs?.close(); });

  /** Number of the map that an endpoint's connections are looked up in. */
  function mapOf(labels: number): number | undefined {
    const value = programs.object.map('ht_policies').lookup(new Uint8Array(new Uint32Array([labels]).buffer));
    return value === undefined ? undefined : new DataView(value.buffer, value.byteOffset).getUint32(0, true);
  }

  test('takes as many entries as a map holds, refuses one more whole, and leaves the map that was there', () => {
    expect(table.setEndpoints(new Map([[5, rows(MAX_POLICY_ENTRIES)]]))).toEqual([]);
    const before = mapOf(5);
    expect(before).toBeGreaterThan(0);
    expect(table.setEndpoints(new Map([[5, rows(MAX_POLICY_ENTRIES + 1)], [6, rows(1)]]))).toEqual([{ labels: 5, reason: `${MAX_POLICY_ENTRIES + 1} entries where a policy map holds ${MAX_POLICY_ENTRIES}; what was in force for it stays` }]);
    expect(mapOf(5)).toBe(before);
    expect(mapOf(6)).toBeGreaterThan(0);
  });

  test('refuses endpoints beyond those that the table has room for, each by name, and takes them when others go', () => {
    const { maxEntries } = programs.object.map('ht_policies');
    const shared = rows(2);
    const endpoints = (first: number, count: number): Map<number, PolicyRow[]> => new Map(Array.from({ length: count }, (_, i) => [first + i, shared]));
    const refused = table.setEndpoints(endpoints(100, maxEntries + 3));
    expect(refused.map(({ labels }) => labels)).toEqual([100 + maxEntries, 101 + maxEntries, 102 + maxEntries]);
    for (const { reason } of refused) expect(reason).toMatch(new RegExp(`^no room among ${maxEntries} endpoints with policies: .*; they are not in force for it$`));
    // those that went make room only for the next call: nobody shall be without a map in between
    table.setEndpoints(endpoints(110, maxEntries - 7));
    expect(table.setEndpoints(endpoints(110, maxEntries - 7))).toEqual([]);
    expect([mapOf(100), mapOf(102 + maxEntries)?.toString().length]).toEqual([undefined, expect.any(Number)]);
  });

  test('makes one map for endpoints with the same rows, and a new one only for those that changed', () => {
    const shared = rows(3);
    table.setEndpoints(new Map([[1, shared], [2, shared], [3, rows(4)]]));
    const [one, two, three] = [1, 2, 3].map(mapOf);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
    table.setEndpoints(new Map([[1, rows(3)], [2, [row(9)]], [3, rows(4)]]));
    expect([mapOf(1), mapOf(3)]).toEqual([one, three]);
    expect(mapOf(2)).not.toBe(one);
  });
});
