import { expect, test } from 'vitest';
import { withoutClaimed } from '../../../src/detect/claims.ts';
import type { Finding } from '../../../src/model/finding.ts';

function finding(key: string, claims: readonly string[] = []): Finding {
  return { key, severity: 'warn', word: 'DROPS', subject: key, amount: { value: 1, unit: '/s' }, timesMore: undefined, why: '', brief: 'x', sinceMs: 0, chips: [], claims };
}

test.each<[string, readonly Finding[], string[]]>([
  ['nothing is claimed', [finding('a'), finding('b')], ['a', 'b']],
  ['the better told one replaces the plain ones', [finding('a'), finding('edit', ['a', 'b']), finding('b'), finding('c')], ['edit', 'c']],
  ['a claimed one claims nothing', [finding('a'), finding('one', ['a']), finding('two', ['one'])], ['a', 'two']],
])('withoutClaimed(): %s', (_what, list, keys) => {
  expect(withoutClaimed(list).map(({ key }) => key)).toEqual(keys);
});
