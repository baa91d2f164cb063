import { expect, test } from 'vitest';
import { answeringOf, type Answering } from '../../../src/model/answers.ts';
import type { PairCounts } from '../../../src/model/pair-table.ts';

const NOTHING: PairCounts = { flows: 0, connections: 0, bytes: 0, skbs: 0, replies: 0, dropped: 0, resets: 0, syns: 0, synAcks: 0, strays: 0 };

test.each<[string, Partial<PairCounts>, number, Answering]>([
  ['SYN-ACKs come', { connections: 9, syns: 9, synAcks: 9, replies: 20 }, 6, 'answers'],
  ['one of many is answered', { connections: 90, syns: 120, synAcks: 1, replies: 1 }, 6, 'answers'],
  ['kernels count packets back', { connections: 9, replies: 40, skbs: 90 }, 6, 'answers'],
  ['nothing comes back', { connections: 9, syns: 30 }, 6, 'silent'],
  ['only RST comes back', { connections: 9, syns: 9, resets: 9, replies: 9 }, 6, 'resets'],
  ['everything was dropped', { connections: 9, syns: 9, dropped: 9 }, 6, 'dropped'],
  ['a few were dropped, the rest is silence', { connections: 9, syns: 9, dropped: 2 }, 6, 'silent'],
  ['too few to tell', { connections: 2, syns: 2 }, 6, 'unknown'],
  ['a datagram needs no answer', { connections: 90 }, 17, 'unknown'],
])('answeringOf(): %s', (_what, counts, protocol, expected) => {
  expect(answeringOf({ ...NOTHING, ...counts }, protocol)).toBe(expected);
});
