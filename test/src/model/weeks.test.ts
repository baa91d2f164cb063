import { expect, test } from 'vitest';
import { AllowedBook } from '../../../src/model/allowed-by.ts';
import { dropKey, Directory, MAX_PAIRS } from '../../../src/model/directory.ts';
import { addRefusal, DropFacts } from '../../../src/model/drop-facts.ts';
import { forgetPairs } from '../../../src/model/forget-pairs.ts';
import { EdgeBook } from '../../../src/model/edge-book.ts';
import { StrayTracker } from '../../../src/model/stray-tracker.ts';
import { ResetTracker } from '../../../src/model/resets.ts';
import { initialState } from '../../../src/model/state.ts';
import { update } from '../../../src/control/update.ts';
import { EndpointInterner } from '../../../src/wire/endpoint-interner.ts';
import { frameOf } from '../../../src/wire/frame-splitter.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';

const hours3 = 3 * 3600;

test('Directory names new pairs after weeks of others that nobody sees any more', () => {
  const directory = new Directory();
  const forgotten: number[] = [];
  directory.onForget = (pairs) => forgotten.push(...pairs);
  const [web, api] = [directory.party({ pod_name: 'web' }), directory.party({ pod_name: 'api' })];
  const kept = directory.pair(web, api, 80, 6);
  for (let port = 1; port <= MAX_PAIRS; port++) directory.pair(api, web, port, 6);
  expect(directory.pair(web, api, 443, 6)).toBe(0);
  directory.second = hours3;
  expect(directory.pair(web, api, 80, 6)).toBe(kept);
  const fresh = directory.pair(web, api, 443, 6);
  expect(directory.pairAt(fresh)).toMatchObject({ source: { name: 'web' }, destination: { name: 'api' }, port: 443 });
  expect(forgotten).toContain(fresh);
  expect(forgotten).not.toContain(kept);
  expect(forgotten).toHaveLength(MAX_PAIRS - 2);
  expect(directory.pairAt(kept).port).toBe(80);
});

test('Directory looks for idle pairs once a minute at most while all are busy', () => {
  const directory = new Directory();
  for (let port = 1; port <= MAX_PAIRS; port++) directory.pair(0, 0, port, 6);
  directory.second = 10;
  const busy = Array.from({ length: 100 }, (_, port) => directory.pair(0, 0, 20_000 + port, 17));
  expect(busy.every((id) => id === 0)).toBe(true);
  expect(directory.overflowCount).toBeGreaterThanOrEqual(100);
});

test('forgetPairs() leaves no beginning, no reset and no policy of a pair to the next one with its id', () => {
  const resets = new ResetTracker();
  resets.add(7, 1000);
  resets.add(8, 1000);
  const firstSeenMs = new Map([[`drop ${dropKey(3, 7)}`, 1], [`drop ${dropKey(3, 8)}`, 2], ['resets 7', 3], ['lost node-a ring', 4]]);
  const [dropFacts, allowedBy] = [new DropFacts(), new AllowedBook()];
  for (const pair of [7, 8]) {
    addRefusal(dropFacts.at(dropKey(3, pair)), { source: 'flow', direction: '', deniedBy: [], selecting: [], closest: undefined, log: [] }, 1);
    allowedBy.note(pair, { policies: [{ name: 'shop/web', kind: '', revision: 1 }], direction: '' }, 1);
  }
  forgetPairs({ firstSeenMs, resets, strays: new StrayTracker(), edges: new EdgeBook(), dropFacts, allowedBy }, new Set([7]));
  expect([dropFacts.get(dropKey(3, 7)), dropFacts.get(dropKey(3, 8))?.refusals.length]).toEqual([undefined, 1]);
  expect([allowedBy.of(7, 9).length, allowedBy.of(8, 9).length]).toEqual([0, 1]);
  expect([...firstSeenMs.values()]).toEqual([2, 4]);
  expect(resets.between(0, 2000).map(({ pair }) => pair)).toEqual([8]);
});

test('ResetTracker goes on with new pairs when it is full: the one that was quiet the longest goes', () => {
  const resets = new ResetTracker();
  for (let pair = 0; pair < 1_000; pair++) resets.add(pair, pair * 1000);
  expect(resets.between(999_000, 999_000).map(({ pair }) => pair)).toEqual([999]);
});

function flowOf(pod: string): Uint8Array {
  const time = { seconds: 1_700_000_000n };
  return frameOf(GetFlowsResponseCodec.encode({
    flow: { time, verdict: 1, node_name: 'n', source: { namespace: 'shop', pod_name: pod }, destination: { namespace: 'shop', pod_name: 'api' }, l4: { TCP: { destination_port: 80 } }, is_reply: { value: false } },
    node_name: 'n', time,
  }));
}

test('a full table of endpoints begins anew, and whoever finds no place in it is still no world', () => {
  const state = initialState({ server: 's', nowMs: 1_700_000_000_000, view: 'flows' });
  state.endpoints = new EndpointInterner(2);
  update(state, { type: 'flows-state', isOpen: true });
  const batch = new Uint8Array(Buffer.concat(['a', 'b', 'c'].map(flowOf)));
  update(state, { type: 'flows', bytes: batch });
  const names = (): string[] => [...(state.fromFlows.peek(1_700_000_000)?.pairs ?? [])].map(([id]) => state.directory.pairAt(id).source.name);
  expect(names()).toEqual(['shop/a', 'shop/b', 'shop/c']);
  expect(state.endpoints.isFull).toBe(true);
  update(state, { type: 'flows', bytes: flowOf('d') });
  expect(state.endpoints.isFull).toBe(false);
  expect(names()).toEqual(['shop/a', 'shop/b', 'shop/c', 'shop/d']);
  const oldest = state.rows.get(state.rows.first);
  expect(new TextDecoder().decode(oldest?.bytes)).toMatch(/older flows are forgotten/);
});
