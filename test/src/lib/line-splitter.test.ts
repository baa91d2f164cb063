import { expect, test } from 'vitest';
import { LineSplitter } from '../../../src/lib/line-splitter.ts';

function linesOf(text: string, chunkBytes: number, maxLineBytes = 1000): string[] {
  const found: string[] = [];
  const splitter = new LineSplitter(maxLineBytes, {
    onLine: (bytes, start, end, number) => { found.push(`${number}:${Buffer.from(bytes.subarray(start, end)).toString()}`); },
    onTooLong: (number) => { found.push(`${number} too long`); },
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) splitter.push(bytes.subarray(at, at + chunkBytes));
  if (splitter.end()) found.push('unended');
  return found;
}

test.each([1, 2, 3, 7, 100])('LineSplitter cuts the same lines from chunks of %i bytes', (chunkBytes) => {
  expect(linesOf('ab\ncd\r\n\nefg', chunkBytes)).toEqual(['1:ab', '2:cd', '3:', '4:efg', 'unended']);
  expect(linesOf('ab\n', chunkBytes)).toEqual(['1:ab']);
  expect(linesOf('', chunkBytes)).toEqual([]);
});

test.each([1, 2, 5, 100])('LineSplitter skips a line that is too long, and no other, in chunks of %i bytes', (chunkBytes) => {
  expect(linesOf('abc\nabcdefgh\nabcd\nabcde', chunkBytes, 4)).toEqual(['1:abc', '2 too long', '3:abcd', '4 too long', 'unended']);
});
