import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { incidents } from '../../agent/demo/story/story-list.ts';
import { TELEMETRY_KEY } from '../../src/wire/recorded-line.ts';
import { readmeOf, recordingOf } from './recording.ts';

const root = join(import.meta.dirname, '../../snapshots');
/** Go's line scanner, which the hubble CLI reads files with, takes no longer lines. */
const longestHubbleLine = 65_536;
/** What a folder in the repository may weigh. */
const maxPackedBytes = 640 * 1024;

test('snapshots/ has a folder for each incident of the list, and no other', () => {
  expect(readdirSync(root).toSorted()).toEqual(incidents.map(({ name }) => name).toSorted());
});

test.each(incidents.map((story) => [story.name, story] as const))('%s: file and README are what the story tells (else: npm run snapshots)', (name, story) => {
  const packed = readFileSync(join(root, name, 'flows.jsonl.gz'));
  const lines = gunzipSync(packed).toString().split('\n');
  const told = recordingOf(story).split('\n');
  const firstOther = lines.findIndex((line, i) => line !== told[i]);
  expect({ firstOther, line: lines[firstOther]?.slice(0, 300) }).toEqual({ firstOther: -1, line: undefined });
  expect(lines).toHaveLength(told.length);
  expect(readFileSync(join(root, name, 'README.md'), 'utf8')).toBe(readmeOf(story));
  expect(packed.length).toBeLessThan(maxPackedBytes);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(longestHubbleLine);
  expect(lines.filter((line) => line.startsWith(`{"${TELEMETRY_KEY}":`))).toHaveLength(story.seconds);
  expect(lines.filter((line) => line.includes('"extensions"'))).toEqual([]);
});
