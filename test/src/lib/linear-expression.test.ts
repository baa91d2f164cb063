import { expect, test } from 'vitest';
import { compileLinearExpression } from '../../../src/lib/linear-expression.ts';

/** Expression, text, whether it is found. */
test.each<[string, string, boolean]>([
  ['', '', true], ['', 'x', true], ['a', 'bab', true], ['^a', 'ba', false], ['a$', 'ba', true], ['a$', 'ab', false],
  ['^pay\\.', 'pay.shop.', true], ['^pay\\.', 'payshop.', false], ['a.c', 'a\nc', false], ['(?s)a.c', 'a\nc', true],
  ['(?i)PAY', 'a pay', true], ['(?i:p)ay', 'Pay', true], ['(?i:p)ay', 'PAY', false], ['(?i)[k-m]', 'L', true], ['(?i)[^a]', 'A', false],
  ['^b', 'a\nb', false], ['(?m)^b$', 'a\nb\nc', true], ['a|b|', 'zzz', true], ['^(?:a|b|cd)+$', 'abcdab', true], ['^(?:a|b|cd)+$', 'abcda_', false],
  ['^a{2}$', 'aa', true], ['^a{2}$', 'aaa', false], ['^a{2,}$', 'aaaa', true], ['^a{1,2}$', 'aaa', false], ['a{,2}', 'a{,2}', true], ['x{', 'x{', true],
  ['^(?P<name>ab)?$', '', true], ['^(?<name>ab)+?$', 'abab', true], ['[]a]', ']', true], ['[^]a]', ']', false], ['[a-c-]', '-', true],
  ['[[:digit:]]{3}', 'x404', true], ['[[:^digit:]]', '4', false], ['\\d+\\.\\D', '10.x', true], ['[\\d.]+$', '1.2', true], ['\\bpay\\b', 'to pay.', true],
  ['\\Bay', 'pay', true], ['\\Apay\\z', 'pay', true], ['\\Q.*\\E', 'a.*', true], ['\\Q.*\\E', 'abc', false], ['\\x41\\x{1F600}', 'A😀', true],
  ['^.$', '😀', true], ['\\pL', '1ä', true], ['\\p{Greek}', 'α', true], ['\\P{Greek}', 'α', false], ['\\t\\101', '\tA', true], ['\\/\\-', '/-', true],
  ['^(?:(?:a*)*)*$', 'aaa', true], ['(?:^)*$', 'x', true], ['(?:){1000}x', 'x', true], ['^(a?){3}a{3}$', 'aaaa', true],
])('compileLinearExpression(%j) on %j finds: %j', (source, text, isFound) => {
  expect(compileLinearExpression(source)(text)).toBe(isFound);
});

test.each([
  ['(', 'missing closing ): `(`'], [')', 'unexpected ): `)`'], ['a**', 'invalid nested repetition operator: `**`'], ['*a', 'missing argument to repetition operator: `*`'],
  ['[a', 'missing closing ]: `[a`'], ['[z-a]', 'invalid character class range: `z-a`'], ['a{1001}', 'invalid repeat count: `{1001}`'], ['a{2,1}', 'invalid repeat count: `{2,1}`'],
  ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'], ['(?<!a)', 'invalid named capture: `(?<!a)`'], ['\\1', 'invalid escape sequence: `\\1`'], ['\\y', 'invalid escape sequence: `\\y`'],
  ['a\\', 'trailing backslash at end of expression: ``'], ['[[:none:]]', 'invalid character class range: `[:none:]`'], ['\\p{None}', 'invalid character class range: `\\p{None}`'],
  ['((a{1000}){1000}){1000}', 'expression too large'], [`${'('.repeat(500)}a${')'.repeat(500)}`, 'expression nests too deeply'],
])('compileLinearExpression(%j) is refused in Go\'s words', (source, words) => {
  expect(() => compileLinearExpression(source)).toThrow(`error parsing regexp: ${words}`);
});

test.each(['^(a+)+$', '(a|aa)*b', '(.*.*)*x', '(?:a?){50}a{50}b', '((((){1000}){1000}){1000}){1000}b'])(
  'compileLinearExpression(%j) ends on a text that keeps a backtracking engine busy for years', (source) => {
    expect(compileLinearExpression(source)(`${'a'.repeat(5_000)}!`)).toBe(false);
  },
);

test('compileLinearExpression() finds what RegExp finds, for random expressions', () => {
  let seed = 7;
  const pick = <T>(list: readonly T[]): T | undefined => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return list[(seed >> 8) % list.length];
  };
  const build = (depth: number): string => {
    const leaf = pick(['a', 'b', '.', '[ab]', '[^a]', '^', '$', '\\w', '\\b']) ?? 'a';
    if (depth === 0) return leaf;
    const [one, other] = [build(depth - 1), build(depth - 1)];
    return pick([leaf, one + other, `(?:${one}|${other})`, `(?:${one})*`, `(?:${one})+?`, `(?:${one}){1,2}`, `(?:${one})?${other}`]) ?? leaf;
  };
  for (let round = 0; round < 1_500; round++) {
    const source = build(3);
    const text = Array.from({ length: 6 }, () => pick(['a', 'b', 'c', '-'])).join('');
    expect(compileLinearExpression(source)(text), `${source} on ${text}`).toBe(new RegExp(source).test(text));
  }
});
