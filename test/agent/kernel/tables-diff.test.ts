import { expect, test } from 'vitest';
import type { MachineMap, MachineTables } from '../../../agent/kernel/machine-maps.ts';
import { diffWords } from '../../../agent/kernel/tables-diff.ts';

const map = (id: number, name: string, entries: number | undefined, more: Partial<MachineMap> = {}): MachineMap => ({ id, name, type: 'hash', maxEntries: 1_000, isOwn: false, owners: [], ...(entries === undefined ? {} : { entries }), ...more });
const conntrack = (entries: number, insertFailed = 0): MachineTables['conntrack'] => [{ namespace: '', entries, maxEntries: 65_536, insertFailed, drop: 0, earlyDrop: 0 }];
const tables = (maps: MachineMap[], rows: MachineTables['conntrack'] = []): MachineTables => ({ maps, conntrack: rows });

test.each<[string, MachineTables, MachineTables, string[]]>([
  ['nothing', tables([map(1, 'ct', 5)]), tables([map(1, 'ct', 5)]), []],
  ['growth, with when it is full', tables([map(1, 'ct', 100)]), tables([map(1, 'ct', 400)]), ['ct (hash, id 1) grew by 300, to 400 of 1,000 entries: full in 20 min if it goes on so']],
  ['growth that takes its time', tables([map(1, 'ct', 100)]), tables([map(1, 'ct', 110)]), ['ct (hash, id 1) grew by 10, to 110 of 1,000 entries']],
  ['a map that shrank', tables([map(1, 'ct', 100)]), tables([map(1, 'ct', 57)]), ['ct (hash, id 1) shrank by 43, to 57 of 1,000 entries']],
  ['a map that is full, and one that is nearly so, before others', tables([map(2, 'b', 10), map(1, 'ct', 1000), map(3, 'c', 900)]), tables([map(2, 'b', 12), map(1, 'ct', 1000), map(3, 'c', 900)]), [
    'ct (hash, id 1) stayed as it was, at 1,000 of 1,000 entries: it is full', 'c (hash, id 3) stayed as it was, at 900 of 1,000 entries', 'b (hash, id 2) grew by 2, to 12 of 1,000 entries',
  ]],
  ['maps that came and went', tables([map(1, 'old', 5)]), tables([map(2, 'new', 3), map(4, 'blank', undefined, { type: 'array' })]), ['new (hash, id 2) came with 3 of 1,000 entries', 'blank (array, id 4) came', 'old (hash, id 1) is gone']],
  ['a map made anew under its name', tables([map(1, 'ct', 5)]), tables([map(9, 'ct', 8)]), ['ct (hash, id 9), made anew, grew by 3, to 8 of 1,000 entries']],
  ['two of a name, made anew: nobody can say which', tables([map(1, 'ct', 5), map(2, 'ct', 6)]), tables([map(8, 'ct', 5), map(9, 'ct', 6)]), [
    'ct (hash, id 8) came with 5 of 1,000 entries', 'ct (hash, id 9) came with 6 of 1,000 entries', 'ct (hash, id 1) is gone', 'ct (hash, id 2) is gone',
  ]],
  ['an id that another map has now', tables([map(1, 'ct', 5)]), tables([map(1, 'lb', 5)]), ['lb (hash, id 1) came with 5 of 1,000 entries', 'ct (hash, id 1) is gone']],
  ['what was pushed out, before all else', tables([map(1, 'ct', 990, { evicted: 5 })]), tables([map(1, 'ct', 990, { evicted: 48 })]), ['ct (hash, id 1) pushed out 43 entries that were in use', 'ct (hash, id 1) stayed as it was, at 990 of 1,000 entries']],
  ['a count of what was pushed out that began anew', tables([map(1, 'ct', 5, { evicted: 50 })]), tables([map(9, 'ct', 5, { evicted: 70 })]), ['ct (hash, id 9) was made anew']],
  ["the kernel's conntrack", tables([], conntrack(180)), tables([], conntrack(2_000, 7)), ["the kernel's conntrack grew by 1,820, to 2,000 of 65,536 connections", "the kernel's conntrack refused 7 connections"]],
  ['services that lost and gained backends', { ...tables([]), services: new Map([['10.96.0.1:80 TCP', 3], ['10.96.0.2:80 TCP', 1], ['10.96.0.3:53 UDP', 2], ['gone', 1]]) }, { ...tables([]), services: new Map([['10.96.0.1:80 TCP', 2], ['10.96.0.2:80 TCP', 0], ['10.96.0.3:53 UDP', 4], ['new', 9]]) }, [
    '2 services lost a backend: 10.96.0.1:80 TCP from 3 to 2, 10.96.0.2:80 TCP from 1 to 0', '1 service gained a backend: 10.96.0.3:53 UDP from 2 to 4',
  ]],
  ['services of a snapshot that has none', tables([]), { ...tables([]), services: new Map([['10.96.0.1:80 TCP', 2]]) }, []],
])('%s', (_what, before, after, words) => {
  expect(diffWords(before, after, 600)).toEqual(words);
});
