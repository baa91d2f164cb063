import { describe, expect, test } from 'vitest';
import { figures } from '../../../src/model/figures.ts';
import { findings } from '../../../src/detect/findings.ts';
import { flowsRequest } from '../../../src/model/requests.ts';
import { flowOfRow } from '../../../src/model/row-flow.ts';
import type { Action } from '../../../src/model/messages.ts';
import type { State } from '../../../src/model/state.ts';
import { update } from '../../../src/control/update.ts';
import { flowOf, framed, reportOf, TALKS } from '../app/fake-cluster.ts';
import { busyScene, emptyScene, gapScene, START_MS } from '../views/scenes.ts';

function press(state: State, ...actions: Action[]): void {
  for (const action of actions) update(state, { type: 'action', action });
}

describe('update() on telemetry', () => {
  test('keeps totals exact however reports and seconds fall', () => {
    const state = emptyScene();
    let expected = 0;
    for (let second = 0; second < 30; second++) {
      const timeMs = START_MS + 1000 + second * 1000 + ((second * 337) % 250);
      const report = reportOf(second, timeMs);
      expected += (report.verdicts ?? []).reduce((sum, row) => sum + (row.flows ?? 0), 0);
      update(state, { type: 'tick', nowMs: timeMs + 10 });
      update(state, { type: 'telemetry', report });
    }
    update(state, { type: 'tick', nowMs: START_MS + 40_000 });
    expect(state.fromTelemetry.sum(START_MS / 1000 - 10, START_MS / 1000 + 60).flows).toBeCloseTo(expected, 6);
  });

  test('takes the larger side of a pair, never both', () => {
    const state = emptyScene();
    const report = reportOf(0, START_MS + 1000, { talks: TALKS.slice(0, 1) });
    const [pair] = report.pairs ?? [];
    if (pair?.egress === undefined) throw new Error('no pair');
    pair.ingress = { ...pair.egress, bytes: (pair.egress.bytes ?? 0) + 10 };
    update(state, { type: 'tick', nowMs: START_MS + 1100 });
    update(state, { type: 'telemetry', report });
    const [first] = figures(state).pairs;
    expect(first?.bytes).toBeCloseTo((pair.ingress.bytes ?? 0) + (pair.ingress.reply_bytes ?? 0), 6);
  });

  test('a restarted agent counts from zero, not backwards', () => {
    const state = emptyScene();
    for (const second of [50, 51, 0, 1]) {
      update(state, { type: 'tick', nowMs: state.nowMs + 1000 });
      update(state, { type: 'telemetry', report: reportOf(second, state.nowMs) });
    }
    expect(figures(state).window.happened).toBeGreaterThan(0);
    expect(figures(state).seen).toBe(1);
  });
});

describe('findings()', () => {
  test('names the denied pair, the refused job, and the rhythm of the resets', () => {
    const list = findings(busyScene());
    expect(list.map((problem) => `${problem.word} ${problem.subject} ${problem.amount.text ?? ''}`.trim())).toEqual(expect.arrayContaining([
      'DROPS payments/rewards-cron-job-1 → payments/ledger-svc:9090',
      'REFUSED shop/refused-job → payments/payments:9999',
      'RESETS default/commentary-fanout → default/chat-relay:9092 every 4.0s',
    ]));
  });

  test('shows the node that is away and what was lost', () => {
    const state = gapScene();
    const words = findings(state).map((problem) => problem.word);
    expect(words).toContain('NODE');
    expect(words).toContain('LOST');
    expect(figures(state).isLowerBound).toBe(true);
  });

  test('is empty when nothing is wrong', () => {
    const state = emptyScene();
    for (let second = 0; second < 20; second++) {
      update(state, { type: 'tick', nowMs: START_MS + (second + 1) * 1000 });
      update(state, { type: 'telemetry', report: reportOf(second, state.nowMs, { talks: TALKS.slice(0, 5) }) });
    }
    expect(findings(state)).toEqual([]);
  });
});

describe('update() on flows', () => {
  test('a row is the whole flow again, endpoints included', () => {
    const state = emptyScene();
    const flow = flowOf(TALKS[8] ?? TALKS[0] as (typeof TALKS)[number], START_MS, { node: 'node-03' });
    update(state, { type: 'flows', bytes: framed(flow) });
    const row = state.rows.get(0);
    if (row === undefined) throw new Error('no row');
    expect(flowOfRow(state, row)).toEqual({ ...flow, time: { seconds: flow.time?.seconds } });
  });

  test('weighs a flow that stands for many as many', () => {
    const state = emptyScene();
    update(state, { type: 'telemetry-absent' });
    update(state, { type: 'flows-state', isOpen: true });
    update(state, { type: 'flows', bytes: framed({ ...flowOf(TALKS[0] as (typeof TALKS)[number], START_MS), aggregate: { ingress_flow_count: 240, egress_flow_count: 1000 } }) });
    expect(state.fromFlows.sum(START_MS / 1000 - 1, START_MS / 1000 + 2).flows).toBe(1240);
  });

  test.each([[[0, 0, 0, 0, 200, 1]], [[1]], [[0, 0, 0, 0, 2, 255, 255]]])('counts %j as malformed and goes on', (bytes) => {
    const state = emptyScene();
    update(state, { type: 'flows', bytes: Uint8Array.from(bytes) });
    expect(state.rows.length).toBe(0);
    update(state, { type: 'flows', bytes: framed(flowOf(TALKS[0] as (typeof TALKS)[number], START_MS)) });
    expect(state.rows.length).toBe(1);
  });
});

describe('pivots', () => {
  test.each([
    ['source-pod', 'from-pod', 'payments/rewards-cron-job-1-7d4b-x9hk', [{ source_pod: ['payments/rewards-cron-job-1-7d4b-x9hk'] }, { destination_pod: ['payments/rewards-cron-job-1-7d4b-x9hk'], reply: [true] }]],
    ['destination-workload', 'to-workload', 'payments/ledger-svc', [{ destination_workload: [{ name: 'ledger-svc' }], destination_pod: ['payments/'] }, { source_workload: [{ name: 'ledger-svc' }], source_pod: ['payments/'], reply: [true] }]],
    ['source-namespace', 'from-namespace', 'payments', [{ source_pod: ['payments/'] }, { destination_pod: ['payments/'], reply: [true] }]],
    ['verdict', 'verdict', 'DROPPED', [{ verdict: [2] }]],
    ['protocol', 'protocol', 'tcp', [{ protocol: ['tcp'] }]],
    ['drop-reason', 'drop-reason', 'POLICY_DENIED', [{ drop_reason_desc: [133] }]],
    ['port', 'port', '9090', [{ destination_port: ['9090'] }, { source_port: ['9090'], reply: [true] }]],
    ['node', 'node', 'node-03', [{ node_name: ['node-03'] }]],
  ] as const)('%s makes a chip from the selected row, b takes it back', (action, field, value, whitelist) => {
    const state = emptyScene();
    update(state, { type: 'telemetry', report: reportOf(0, START_MS) });
    update(state, { type: 'flows', bytes: framed(flowOf(TALKS[8] as (typeof TALKS)[number], START_MS, { node: 'node-03' })) });
    state.view = 'flows';
    press(state, action);
    expect(state.chips).toEqual([{ field, value, isNegated: false }]);
    expect(flowsRequest(state).whitelist).toEqual(whitelist);
    press(state, 'undo');
    expect(state.chips).toEqual([]);
  });

  test('a negated value goes to the blacklist; clear can be undone', () => {
    const state = busyScene();
    state.view = 'flows';
    press(state, 'column-right', 'not');
    expect(flowsRequest(state).blacklist?.map((filter) => filter.reply)).toEqual([[false], [true]]);
    press(state, 'clear');
    expect(state.chips).toEqual([]);
    press(state, 'undo');
    expect(state.chips).toHaveLength(1);
  });

  test('a filter makes figures come from flows, and without one from telemetry', () => {
    const state = busyScene();
    expect(figures(state).window.happened).toBeGreaterThan(0);
    press(state, 'verdict');
    expect(figures(state).window.flows).toBe(0);
    press(state, 'undo');
    expect(figures(state).window.flows).toBeGreaterThan(0);
  });

  test('Enter on a problem shows its flows', () => {
    const state = busyScene();
    press(state, 'enter');
    expect(state.view).toBe('flows');
    expect(state.chips.map((chip) => chip.field)).toContain('from-workload');
  });
});

describe('the stream cursor', () => {
  test('moving up pauses, new rows do not move the page, G is live again', () => {
    const state = busyScene();
    state.view = 'flows';
    press(state, 'up', 'up', 'up');
    const { bottom, selected } = state.stream;
    expect(state.pausedAtMs).toBeGreaterThan(0);
    update(state, { type: 'flows', bytes: framed(flowOf(TALKS[0] as (typeof TALKS)[number], state.nowMs)) });
    expect(state.stream).toMatchObject({ bottom, selected });
    press(state, 'last');
    expect(state.pausedAtMs).toBe(0);
    expect(state.stream.bottom).toBe(-1);
  });

  test('the selection never leaves the buffer', () => {
    const state = busyScene();
    state.view = 'flows';
    press(state, 'first', 'up', 'page-up');
    expect(state.stream.selected).toBe(state.rows.first);
    press(state, 'page-down', 'half-down', 'down', 'page-down');
    expect(state.stream.selected).toBeLessThan(state.rows.next);
  });
});

describe('flowsRequest()', () => {
  test('asks for everything only while somebody looks, and keeps what a paused reader looks at', () => {
    const state = busyScene();
    const isAll = (): boolean => flowsRequest(state).whitelist?.length === 0;
    expect(isAll()).toBe(false);
    press(state, 'view-flows');
    expect(isAll()).toBe(true);
    update(state, { type: 'flows-requested' });
    press(state, 'pause', 'view-overview');
    expect(isAll()).toBe(true);
    press(state, 'live');
    expect(isAll()).toBe(false);
    press(state, 'pause', 'view-flows');
    update(state, { type: 'flows-requested' });
    update(state, { type: 'telemetry-absent' });
    expect(isAll()).toBe(true);
  });

  test('a new request empties the stream and counts no history', () => {
    const state = emptyScene();
    update(state, { type: 'telemetry-absent' });
    update(state, { type: 'flows-requested' });
    update(state, { type: 'tick', nowMs: START_MS + 60_000 });
    update(state, { type: 'flows-state', isOpen: true });
    update(state, { type: 'flows', bytes: framed(flowOf(TALKS[0] as (typeof TALKS)[number], START_MS + 30_000)) });
    expect(state.rows.length).toBe(2);
    expect(state.fromFlows.sum(START_MS / 1000, START_MS / 1000 + 100).flows).toBe(0);
  });
});

test('update() counts a drop once, although telemetry has it by reason and in its pair', () => {
  const state = emptyScene();
  const [denied] = TALKS.filter((talk) => talk.drop === 133);
  if (denied === undefined) throw new Error('no denied talk');
  const report = reportOf(0, START_MS + 1000, { talks: [denied] });
  const [drop] = report.drops ?? [];
  update(state, { type: 'tick', nowMs: START_MS + 1100 });
  update(state, { type: 'telemetry', report: { ...report, pairs: [{ ...drop, verdict: 2, egress: { skbs: drop?.skbs ?? 0, bytes: 999, connections: 1 } }] } });
  const [pair] = figures(state).pairs;
  expect(pair?.dropped).toBeCloseTo(drop?.skbs ?? 0, 6);
  expect(pair?.bytes).toBe(0);
});

test('update() forgets a node that was taken out of the cluster', () => {
  const state = emptyScene();
  update(state, { type: 'telemetry', report: reportOf(0, START_MS) });
  update(state, { type: 'tick', nowMs: START_MS + 1_000_000 });
  const report = reportOf(1, START_MS + 1_000_000);
  update(state, { type: 'telemetry', report: { ...report, nodes: (report.nodes ?? []).slice(1) } });
  expect([...state.nodes.keys()]).not.toContain('node-01');
  expect(state.nodes.size).toBe(11);
});
