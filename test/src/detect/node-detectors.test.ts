import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { findings } from '../../../src/detect/findings.ts';
import { growthPerMinute, NodeHistory, SAMPLE_MS, SAMPLES, type NodeSample } from '../../../src/model/node-history.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { timestampOf } from '../../../src/model/time.ts';
import type { NodeReport } from '../../../src/wire/gen/hubtop.ts';
import { gapScene, START_MS } from '../views/scenes.ts';

const NODES = ['node-1', 'node-2', 'node-3', 'node-4'] as const;

/** Seconds of a quiet cluster; `shape` changes one node's report of a second, undefined = it sends none. */
function run(seconds: number, shape: (node: string, second: number) => Partial<NodeReport> | undefined): State {
  const state = initialState({ server: 'test', nowMs: START_MS, view: 'overview' });
  update(state, { type: 'connection', state: 'live' });
  for (let second = 1; second <= seconds; second++) {
    const timeMs = START_MS + second * 1000;
    update(state, { type: 'tick', nowMs: timeMs });
    const nodes = NODES.flatMap((name): NodeReport[] => {
      const parts = shape(name, second);
      return parts === undefined ? [] : [{ name, time: timestampOf(timeMs), uptime_ns: second * 1e9, events: [{ kind: 'trace', happened: second * 50, reported: second * 50 }], ...parts }];
    });
    update(state, { type: 'telemetry', report: { time: timestampOf(timeMs), interval_ns: 1e9, verdicts: [{ verdict: 1, flows: 200 }], nodes } });
  }
  return state;
}

const words = (state: State): string[] => findings(state).map(({ word, subject }) => `${word} ${subject}`);
const table = (entries: number): Partial<NodeReport> => ({ maps: [{ name: 'ht_conntrack', type: 'lru_hash', entries_known: true, entries, max_entries: 10_000, own: true }] });

describe('detectors of nodes', () => {
  test('a quiet cluster has none', () => {
    expect(words(run(60, () => ({})))).toEqual([]);
  });

  test('an agent that sends no report while the others do is silent', () => {
    const state = run(30, (node, second) => (node === 'node-3' && second > 15 ? undefined : {}));
    expect(words(state)).toEqual(['NODE node-3']);
    expect(findings(state)[0]?.amount.text).toBe('silent');
  });

  test('a smaller uptime is a restart, two are a warning', () => {
    const restarted = (at: readonly number[]) => run(60, (node, second) => {
      const last = at.findLast((start) => start <= second) ?? 0;
      return node === 'node-2' ? { uptime_ns: (second - last + 1) * 1e9 } : {};
    });
    expect(findings(restarted([20]))[0]).toMatchObject({ word: 'RESTART', severity: 'note' });
    expect(findings(restarted([20, 40]))[0]).toMatchObject({ word: 'RESTART', severity: 'warn', amount: { text: '2×' } });
  });

  test('a clock ahead of the others is told with its sign, and one second is not', () => {
    const skewed = (ms: number) => run(40, (node, second) => (node === 'node-4' ? { time: timestampOf(START_MS + second * 1000 + ms) } : {}));
    expect(findings(skewed(4_000))[0]).toMatchObject({ word: 'CLOCK', subject: 'node-4', amount: { text: '+4.0 s' } });
    expect(words(skewed(-1_000))).toEqual([]);
  });

  test('a table that fills says when it will be full before it is', () => {
    const state = run(180, (node, second) => (node === 'node-1' ? table(4_000 + second * 20) : table(4_000)));
    expect(findings(state)[0]).toMatchObject({ word: 'CT', subject: 'node-1 ht_conntrack', severity: 'warn', brief: 'full in ~2m' });
    expect(words(state)).toHaveLength(1);
  });

  test('a table that is half full and stays so is no news', () => {
    expect(words(run(120, () => table(5_000)))).toEqual([]);
  });

  test('a loss is told with where it happened and what helps', () => {
    const lost = findings(gapScene()).find(({ word }) => word === 'LOST');
    expect(lost?.cause?.text).toContain('between kernel and agent');
    expect(lost?.evidence?.join('\n')).toMatch(/of node-05 you see \d+ %/);
  });
});

describe('NodeHistory', () => {
  const sample = (parts: Partial<NodeSample>): NodeSample => ({ happened: 0, lost: 0, flows: 0, ring: -1, conntrack: -1, kernelConntrack: -1, map: -1, cpu: 0, isAway: 0, ...parts });

  test('adds events up, keeps the highest of shares, and forgets what is older than an hour', () => {
    const history = new NodeHistory();
    history.add(0, sample({ happened: 5, conntrack: 0.2 }));
    history.add(1_000, sample({ happened: 7, conntrack: 0.1 }));
    expect(history.sum(0, SAMPLE_MS, 'happened')).toBe(12);
    expect(history.at(2_000, 'conntrack')).toBeCloseTo(0.2);
    history.add(SAMPLES * SAMPLE_MS, sample({ happened: 1 }));
    expect(history.at(2_000, 'conntrack')).toBeUndefined();
    history.add(2_000, sample({ happened: 9 }));
    expect(history.sum(0, 2 * SAMPLES * SAMPLE_MS, 'happened')).toBe(1);
  });

  test('draws silence as a hole and the time before the first report as nothing', () => {
    const history = new NodeHistory();
    history.add(20_000, sample({ happened: 50 }));
    history.add(40_000, sample({ happened: 50 }));
    expect(history.series(40_000, { columns: 7, spanMs: 35_000 }, 'happened').map((point) => (point === undefined ? '' : point.isHole ? 'hole' : point.value)))
      .toEqual(['', '', 10, 'hole', 'hole', 'hole', 10]);
  });

  test('growth needs a past to be told', () => {
    const history = new NodeHistory();
    history.add(0, sample({ conntrack: 0.5 }));
    expect(growthPerMinute(history, 0, 'conntrack')).toBeUndefined();
    history.add(60_000, sample({ conntrack: 0.6 }));
    expect(growthPerMinute(history, 60_000, 'conntrack')).toBeCloseTo(0.1);
  });
});
