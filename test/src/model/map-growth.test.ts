import { expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { timestampOf } from '../../../src/model/time.ts';
import { emptyScene, START_MS } from '../views/scenes.ts';

test('what a node tells of a map\'s growth and of the age of its count reaches its gauges', () => {
  const state = emptyScene();
  const timeMs = START_MS + 1_000;
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'tick', nowMs: timeMs });
  const maps = [
    { name: 'cilium_ipcache', id: 3, type: 'lpm_trie', entries_known: true, entries: 700, max_entries: 1_000, counted_age_ns: 4e9, growth_per_minute: -30, growth_window_ns: 60e9 },
    { name: 'cilium_lxc', id: 4, type: 'hash', entries_known: true, entries: 7, max_entries: 1_000 },
  ];
  update(state, { type: 'telemetry', report: { time: timestampOf(timeMs), interval_ns: 1e9, nodes: [{ name: 'node-01', time: timestampOf(timeMs), maps }] } });
  expect(state.nodes.get('node-01')?.maps.map(({ name, growthPerMinute, served }) => [name, growthPerMinute, served?.measuredMs])).toEqual([['cilium_ipcache', -30, timeMs - 4_000], ['cilium_lxc', undefined, undefined]]);
});
