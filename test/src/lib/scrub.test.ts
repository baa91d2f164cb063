import { describe, expect, test } from 'vitest';
import { isPlain, scrub } from '../../../src/lib/scrub.ts';

describe('scrub()', () => {
  test.each([
    ['shop/checkout-5c8d-l0p', 'shop/checkout-5c8d-l0p'],
    ['', ''],
    ['a\x1b]52;c;aGk=\x07b', 'a\\x1b]52;c;aGk=\\x07b'],
    ['\u009d0;PWN\u009c', '\\x9d0;PWN\\x9c'],
    ['\u009b31m', '\\x9b31m'],
    ['line\r\nnext\ttab', 'line\\x0d\\x0anext\\x09tab'],
    ['\x7f\x00', '\\x7f\\x00'],
    ['abc\u202edcba', 'abc\\u{202e}dcba'],
    ['zero\u200bwidth', 'zero\\u{200b}width'],
    ['e\u0301', 'e\\u{301}'],
    ['漢', '\\u{6f22}'],
    ['🍌', '\\u{1f34c}'],
    ['\ud83c', '\\u{d83c}'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['soft\u00adhyphen nb\u00a0sp', 'soft\\xadhyphen nb\\xa0sp'],
    ['p\u0430yments', 'p\\u{430}yments'],
    ['café', 'café'],
  ])('%j reads %j', (text, expected) => {
    expect(scrub(text)).toBe(expected);
  });

  test('cuts at the limit and shows the cut', () => {
    expect(scrub('abcdefgh', 8)).toBe('abcdefgh');
    expect(scrub('abcdefghi', 8)).toBe('abcdefg~');
    expect(scrub('\x1b'.repeat(100), 10)).toHaveLength(10);
  });

  test('leaves one cell per UTF-16 unit, whatever comes in', () => {
    let seed = 7;
    const next = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % 0x3000;
    for (let round = 0; round < 500; round++) {
      const out = scrub(String.fromCharCode(...Array.from({ length: 20 }, next)));
      expect([...out].every(isPlain)).toBe(true);
    }
  });
});
