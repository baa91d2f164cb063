import { expect, test } from 'vitest';
import { answerDnsQuery } from '../../../agent/lab/dns-answer.ts';

/** A query for `name` as a resolver sends it; `tail` replaces type and class. */
function query(name: string, tail = [0, 1, 0, 1]): Uint8Array {
  const labels = name.split('.').flatMap((label) => [label.length, ...label.split('').map((letter) => letter.charCodeAt(0))]);
  return Uint8Array.of(0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, ...tail);
}

const records = { a: Uint8Array.of(10, 1, 0, 2), aaaa: new Uint8Array(16).fill(7) };
const find = (name: string): typeof records | undefined => (name === 'api.shop' ? records : undefined);
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

test.each([
  ['an A record', query('api.shop'), 'abcd85800001000100000000', '036170690473686f700000010001c00c000100010000000500040a010002'],
  ['an AAAA record', query('api.shop', [0, 28, 0, 1]), 'abcd85800001000100000000', `036170690473686f7000001c0001c00c001c0001000000050010${'07'.repeat(16)}`],
  ['capital letters', query('API.shop'), 'abcd85800001000100000000', '034150490473686f700000010001c00c000100010000000500040a010002'],
  ['no record of that type', query('api.shop', [0, 15, 0, 1]), 'abcd85800001000000000000', '036170690473686f7000000f0001'],
  ['an unknown name', query('no.where'), 'abcd85830001000000000000', '026e6f0577686572650000010001'],
])('answerDnsQuery() answers %s', (_what, bytes, header, rest) => {
  expect(hex(answerDnsQuery(bytes, find))).toBe(header + rest);
});

test.each([
  ['nothing', new Uint8Array()],
  ['a response', query('api.shop').map((byte, index) => (index === 2 ? byte | 0x80 : byte))],
  ['a cut question', query('api.shop').subarray(0, 20)],
  ['a label beyond the end', Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 60, 97, 0, 0, 1, 0, 1)],
  ['another class', query('api.shop', [0, 1, 0, 3])],
])('answerDnsQuery() has no answer to %s', (_what, bytes) => {
  expect(answerDnsQuery(bytes, find)).toBeUndefined();
});
