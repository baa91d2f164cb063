import { expect, test } from 'vitest';
import { MAX_SAMPLES, readSamples, type Sample } from '../../../../src/client/metrics/prometheus-text.ts';

const wanted = new Set(['m', 'n_total']);

function text({ name, labels, value }: Sample): string {
  return `${name}{${[...labels].map(([key, label]) => `${key}=${JSON.stringify(label)}`).join(',')}} ${value}`;
}

test.each([
  ['m 1', 'm{} 1'],
  ['m{} 1.5e+03', 'm{} 1500'],
  ['m{a="b"} 0.25', 'm{a="b"} 0.25'],
  ['m{a="b",c="d",} -1', 'm{a="b",c="d"} -1'],
  ['m { a = "b" , c="d" }\t2 ', 'm{a="b",c="d"} 2'],
  ['m{a="b"}3', 'm{a="b"} 3'],
  [String.raw`m{a="quote \" back \\ line \n"} 1`, String.raw`m{a="quote \" back \\ line \n"} 1`],
  ['m{a="},# {"} 1', 'm{a="},# {"} 1'],
  ['m{a="b"} 1 1712000000000', 'm{a="b"} 1'],
  ['n_total{a="b"} 7 1712000000.123 # {trace_id="x"} 1', 'n_total{a="b"} 7'],
  ['m 1\r', 'm{} 1'],
  ['m +Inf', 'm{} Infinity'],
  ['m -Inf', 'm{} -Infinity'],
  ['m NaN', 'm{} NaN'],
])('readSamples() reads %s', (line, expected) => {
  const found = readSamples(`# HELP m of help\n# TYPE m gauge\nother{a="b"} 9\n${line}\nmm 4\n# EOF\n`, wanted);
  expect(found.samples.map(text)).toEqual([expected]);
  expect(found.malformed).toBe(0);
});

test.each([
  'm', 'm ', 'm{', 'm{a}', 'm{a="b" 1', 'm{a="b"', 'm{a="b"c="d"} 1', 'm{a="b",a="c"} 1', 'm{a="b}  1', String.raw`m{a="\x"} 1`, 'm{1a="b"} 1', 'm one', 'm 0x10', 'm 1 2 3', 'm{a="b"} 1 now',
  `m{a="${'x'.repeat(20_000)}"} 1`, `m{${Array.from({ length: 40 }, (_, i) => `l${i}="x"`).join(',')}} 1`,
])('readSamples() counts %.40s as malformed and goes on', (line) => {
  const found = readSamples(`${line}\nn_total 1\n`, wanted);
  expect(found.samples.map(text)).toEqual(['n_total{} 1']);
  expect(found.malformed).toBe(1);
});

test('readSamples() takes a bounded number and says how many it left', () => {
  const found = readSamples('m 1\n'.repeat(MAX_SAMPLES + 3), wanted);
  expect(found.samples.length).toBe(MAX_SAMPLES);
  expect(found.left).toBe(3);
});

test.each(['', '\n\n', '# m 1', '{} 1', ' m 1', '\u0000\u0001', '<html>m 1</html>'])('readSamples() finds nothing in %j', (page) => {
  expect(readSamples(page, wanted)).toEqual({ samples: [], malformed: 0, left: 0 });
});
