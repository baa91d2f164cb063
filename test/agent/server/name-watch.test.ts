import { expect, test } from 'vitest';
import type { AddressRow, KeptName } from '../../../agent/decode/kernel.ts';
import { NameWatch } from '../../../agent/server/name-watch.ts';

const row: AddressRow = { ip: '1.1.1.1', ref: 1, labels: 2, isLocal: false };
const message = { labels: 1, bytes: new Uint8Array(), isCut: false };

function watched(): { watch: NameWatch; did: string[]; next: { upserts: AddressRow[]; isIncomplete: boolean; fresh: KeptName[] }; clock: { s: number }; over: { is: boolean } } {
  const did: string[] = [];
  const [next, clock, over] = [{ upserts: [] as AddressRow[], isIncomplete: false, fresh: [] as KeptName[] }, { s: 100 }, { is: false }];
  const watch = new NameWatch({
    learn: () => ({ ...next }), forgetNames: () => over.is, addAddresses: (rows) => { did.push(`add ${rows.map(({ ip }) => ip).join()}`); }, publish: () => { did.push('publish'); }, keep: (rows) => { did.push(`keep ${rows.map(({ name }) => name).join()}`); }, keepAll: () => { if (over.is) did.push('keep all'); }, renew: () => { did.push('renew'); },
    wallNs: () => BigInt(clock.s * 1_000) * 1_000_000n,
  });
  return { watch, did, next, clock, over };
}

test('NameWatch puts an address into the datapath at once, and has what is open judged anew at the second', () => {
  const { watch, did, next } = watched();
  watch.take(message);
  next.upserts = [row];
  watch.take(message);
  expect(did).toEqual(['add 1.1.1.1']);
  watch.second();
  watch.second();
  expect(did).toEqual(['add 1.1.1.1', 'publish']);
});

test('NameWatch compiles for a new kind of address at once, the next time after a second', () => {
  const { watch, did, next, clock } = watched();
  next.isIncomplete = true;
  watch.take(message);
  watch.take(message);
  watch.second();
  expect(did).toEqual(['renew']);
  clock.s += 1;
  watch.second();
  watch.second();
  expect(did).toEqual(['renew', 'renew']);
});

test('NameWatch looks for names that are over once a minute', () => {
  const { watch, did, clock, over } = watched();
  watch.second();
  over.is = true;
  watch.second();
  expect(did).toEqual([]);
  clock.s += 60;
  watch.second();
  expect(did).toEqual(['keep all', 'renew']);
});

test('NameWatch notes what is new for the next agent before the datapath knows it', () => {
  const { watch, did, next } = watched();
  Object.assign(next, { upserts: [row], fresh: [{ name: 'a.net', ip: '1.1.1.1', untilS: 9 }] });
  watch.take(message);
  expect(did).toEqual(['keep a.net', 'add 1.1.1.1']);
});
