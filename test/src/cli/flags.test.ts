import { expect, test } from 'vitest';
import { describeFlags, type Flag, FlagValues, parseFlags } from '../../../src/cli/flags.ts';

const flags: readonly Flag[] = [
  { name: 'follow', short: 'f', kind: 'bool', help: 'go on' },
  { name: 'last', kind: 'count', value: 'N', help: 'how many' },
  { name: 'namespace', short: 'n', kind: 'list', value: 'NAME', help: 'which' },
  { name: 'output', short: 'o', kind: 'text', value: 'FORMAT', help: 'how', group: 'Output' },
  { name: 'all-namespaces', short: 'A', kind: 'optional', help: 'all' },
  { name: 'secret', kind: 'bool', help: 'not shown', isHidden: true },
];

test.each<[string[], string[]]>([
  [['--last', '5'], ['last=5']],
  [['--last=5', 'flows'], ['last=5', '+flows']],
  [['-f', '-n', 'shop'], ['follow=true', 'namespace=shop']],
  [['-fnshop'], ['follow=true', 'namespace=shop']],
  [['-n=shop'], ['namespace=shop']],
  [['--follow=false'], ['follow=false']],
  [['-Af'], ['all-namespaces=true', 'follow=true']],
  [['-A=x'], ['all-namespaces=x']],
  [['--', '--last'], ['+--last']],
  [['-'], ['+-']],
  [['-o', '-'], ['output=-']],
  [['--output', '--last'], ['output=--last']],
])('parseFlags() %j', (args, expected) => {
  const result = parseFlags(flags, args);
  expect(result.ok && [...result.parsed.given.map(({ name, value }) => `${name}=${value}`), ...result.parsed.positionals.map((word) => `+${word}`)]).toEqual(expected);
});

test.each([
  [['--nope'], 'unknown flag: --nope'],
  [['-fx'], "unknown shorthand flag: 'x' in -fx"],
  [['--last'], 'flag needs an argument: --last'],
  [['-n'], "flag needs an argument: 'n' in -n"],
  [['--last', 'many'], 'invalid argument "many" for "--last" flag: expected a whole number'],
  [['--follow=maybe'], 'invalid argument "maybe" for "-f, --follow" flag: expected true or false'],
])('parseFlags() refuses %j', (args, error) => {
  expect(parseFlags(flags, args)).toEqual({ ok: false, error });
});

test('FlagValues take the last of a flag, and all of a list', () => {
  const values = new FlagValues([{ name: 'last', value: '1' }, { name: 'last', value: '2' }, { name: 'namespace', value: 'a' }, { name: 'namespace', value: 'b' }]);
  expect([values.count('last'), values.list('namespace'), values.bool('follow'), values.text('output'), values.has('last')]).toEqual([2, ['a', 'b'], false, undefined, true]);
});

test('describeFlags() lists what is not hidden, by group', () => {
  expect(describeFlags(flags)).toBe([
    '', 'Flags:',
    '  -f, --follow           go on',
    '      --last N           how many',
    '  -n, --namespace NAME   which',
    '  -A, --all-namespaces   all',
    '', 'Output:',
    '  -o, --output FORMAT    how',
  ].join('\n'));
});
