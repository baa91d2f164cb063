import { expect, test } from 'vitest';
import { matchesName } from '../../../agent/policy/name-match.ts';

test.each<[text: string, name: string, matches: boolean]>([
  ['api.example.com', 'api.example.com', true], ['API.example.com.', 'api.example.com', true], ['api.example.com', 'xapi.example.com', false],
  ['*', 'a.b.c', true], ['*', '', false], ['*.example.com', 'www.example.com', true], ['*.example.com', 'example.com', false], ['*.example.com', 'a.b.example.com', false],
  ['*.example.com', '.example.com', true], ['a*z.net', 'az.net', true], ['a*z.net', 'abcz.net', true], ['a*z.net', 'abc.net', false], ['a**b*c.net', 'axbxbc.net', true], ['*a*b.net', 'ab.net', true],
  ['*a*b.net', 'ba.net', false], ['*.*.net', 'a.b.net', true], ['*.net', 'a\u001b.net', false], ['a.net', 'aXnet', false],
])('matchesName(%j, %j) is %s', (text, name, matches) => {
  expect(matchesName(text, name)).toBe(matches);
});

test('matchesName() of a label full of stars ends in little time on a name that does not match', () => {
  expect(matchesName(`${'*a'.repeat(30)}b`, `${'a'.repeat(62)}c`)).toBe(false);
});
