import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bar, columns } from '../../../src/screen/chart.ts';
import { age, bytes, clock, count, percent } from '../../../src/screen/format.ts';
import { keymap, keysMarkdown } from '../../../src/screen/keymap.ts';
import { left, line, lineText, middle, right } from '../../../src/screen/line.ts';
import { VIEWS } from '../../../src/views/view-list.ts';

describe('format', () => {
  test.each([[0, '0'], [0.01, '<0.1'], [0.42, '0.4'], [9.96, '10'], [42.4, '42'], [999.4, '999'], [999.6, '1k'], [12_345, '12k'], [4_250_000, '4.3M'], [-1, '-'], [Infinity, '-']])('count(%d) is %s', (value, text) => {
    expect(count(value)).toBe(text);
  });
  test.each([[0, '0 B'], [1234, '1.2 kB'], [999_999_999, '1 GB']])('bytes(%d) is %s', (value, text) => {
    expect(bytes(value)).toBe(text);
  });
  test.each([[1, '100%'], [0.9999, '>99.9%'], [0.996, '99.6%'], [0.5, '50%'], [0.0001, '<0.1%'], [0, '0%']])('percent(%d) is %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });
  test.each([[800, '0.8s'], [42_000, '42s'], [192_000, '3m12s'], [7_500_000, '2h05m'], [300_000_000, '3d'], [-5, '0.0s']])('age(%d) is %s', (ms, text) => {
    expect(age(ms)).toBe(text);
  });
  test('clock() is UTC', () => {
    expect(clock(1_772_366_400_120, true)).toBe('12:00:00.120');
  });
});

describe('line()', () => {
  test.each([['left', left('abcdef', 4), 'abc…'], ['right', right('7', 4), '   7'], ['middle', middle('checkout-api-7d4b-x9hk', 16), 'checkout-ap…x9hk']])('%s fits', (_name, text, expected) => {
    expect(text).toBe(expected);
  });
  test('is exactly as wide as it should be', () => {
    expect(lineText(line(10, ['abc', ['defghijklmnop', 'bad']]))).toBe('abcdefghij');
    expect(lineText(line(5, ['a']))).toBe('a    ');
  });
});

describe('charts', () => {
  test('a single event is never drawn as nothing, a hole never as zero', () => {
    const point = (value: number): { value: number; isHole: boolean } => ({ value, isHole: false });
    expect(columns([point(1000), point(1), point(0), { value: 5, isHole: true }, undefined], 2, 1000)).toEqual(['█  ░ ', '█▁ ░ ']);
    expect(bar(0.001, 20)).toBe('▏');
    expect(bar(1, 3)).toBe('███');
  });
});

describe('keymap()', () => {
  const bindings = keymap(VIEWS);
  test('no key means two things', () => {
    const keys = bindings.flatMap((binding) => binding.keys);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });
  test('uses no key that terminals, multiplexers and browsers take', () => {
    const taken = ['C-b', 'C-a', 'C-s', 'C-q', 'C-z', 'C-c', 'C-w', 'C-t', 'C-n', 'C-h', 'C-i', 'C-m', 'C-j'];
    expect(bindings.flatMap((binding) => binding.keys).filter((key) => taken.includes(key) || /^F\d/.test(key))).toEqual([]);
  });
  test('no label is too long for the help of a narrow screen', () => {
    expect(bindings.filter((binding) => binding.label.length > 29).map((binding) => binding.label)).toEqual([]);
  });
  test('the README has the same table', () => {
    const file = join(import.meta.dirname, '../../../README.md');
    const [before = '', rest = ''] = readFileSync(file, 'utf8').split(/(?<=<!-- keys: .*-->\n)/);
    const table = keysMarkdown(bindings);
    const end = rest.slice(rest.indexOf('<!-- keys end -->'));
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, `${before}${table}${end}`);
    expect(rest === '' ? '' : readFileSync(file, 'utf8').slice(before.length)).toBe(`${table}${end}`);
  });
  test('every footer names keys that exist', () => {
    const actions = new Set(bindings.map((binding) => binding.action));
    expect(VIEWS.flatMap((view) => view.footer).filter((action) => !actions.has(action as never))).toEqual([]);
  });
});
