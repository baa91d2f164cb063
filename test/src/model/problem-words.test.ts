import { describe, expect, test } from 'vitest';
import { dropClass, dropWords, DROP_REASON_NUMBERS } from '../../../src/model/drop-words.ts';
import { applyNodeReport, canFill, newNode } from '../../../src/model/node-state.ts';
import { findings } from '../../../src/detect/findings.ts';
import { BRIEF_LENGTH } from '../../../src/model/finding.ts';
import { ResetTracker } from '../../../src/model/resets.ts';
import { update } from '../../../src/control/update.ts';
import { lineText } from '../../../src/screen/line.ts';
import { pressureSection } from '../../../src/views/overview-pressure.ts';
import { problemsSection } from '../../../src/views/overview-problems.ts';
import { flowOf, framed, reportOf, TALKS, type FakeTalk } from '../app/fake-cluster.ts';
import { busyScene, emptyScene, gapScene, START_MS } from '../views/scenes.ts';

describe('words of problems', () => {
  test('a brief sentence fits the narrow screen for every drop reason', () => {
    const reasons = [...DROP_REASON_NUMBERS.keys(), 'SKB_DROP_REASON_X', 'TCP_LISTEN_OVERFLOW', 'QDISC_CONGESTED'];
    expect(reasons.filter((reason) => dropWords(reason, dropClass(reason)).brief.length > BRIEF_LENGTH)).toEqual([]);
  });

  test.each([['busy', busyScene], ['gap', gapScene]])('no brief of the %s scene is longer', (_name, scene) => {
    expect(findings(scene()).filter((problem) => problem.brief.length > BRIEF_LENGTH || problem.brief === '')).toEqual([]);
  });

  test.each([80, 120, 200])('no sentence is cut at %i columns', (cols) => {
    const text = problemsSection(gapScene(), { cols, rows: 20 }).map(lineText).join('\n');
    for (const words of cols < 110 ? ['no rule allows', 'nobody listens', 'n=22, a timer?', '720 unseen', 'not in figures'] : ['POLICY_DENIED: no rule allows it', 'nothing listens there', 'n=22, like a timer or timeout', '720 events unseen, counts are ≥', 'since 12:01:08', 'since 12:01:12']) expect(text).toContain(words);
  });

  test('a series like a clock is told first of all warnings, with its step and its number', () => {
    const [first] = findings(busyScene()).filter((problem) => problem.severity === 'warn');
    expect(first).toMatchObject({ word: 'RESETS', amount: { text: 'every 4.0s' }, why: 'n=23, like a timer or timeout' });
  });
});

test('ResetTracker.between() counts the forgotten ones and nothing after the moment', () => {
  const tracker = new ResetTracker();
  for (let i = 0; i < 40; i++) tracker.add(7, 1_000_000 + i * 4_000);
  expect(tracker.between(0, Infinity)).toEqual([{ pair: 7, count: 40, firstMs: 1_000_000, lastMs: 1_156_000, periodMs: 4_000 }]);
  expect(tracker.between(0, 1_150_000)).toMatchObject([{ count: 38, lastMs: 1_148_000 }]);
  expect(tracker.between(0, 900_000)).toEqual([]);
});

test('drops that have stopped step back and say when the last was', () => {
  const state = emptyScene();
  const talk = TALKS[8] as FakeTalk;
  for (let second = 0; second < 40; second++) {
    const nowMs = START_MS + (second + 1) * 1000;
    update(state, { type: 'tick', nowMs });
    update(state, { type: 'telemetry', report: reportOf(second, nowMs, { talks: second < 10 ? [talk] : TALKS.slice(0, 2) }) });
  }
  expect(findings(state)).toMatchObject([{ word: 'DROPS', severity: 'note', lastMs: START_MS + 9_000 }]);
  for (const cols of [80, 120]) expect(problemsSection(state, { cols, rows: 4 }).map(lineText).join('\n')).toContain('last 12:00:09');
});

test('a refused connection never turns into a reset when the moment has no drops', () => {
  const state = busyScene();
  const talk = TALKS[9] as FakeTalk;
  for (let i = 0; i < 5; i++) update(state, { type: 'flows', bytes: framed({ ...flowOf(talk, START_MS + 60_000 + i * 3_000, { isReset: true }), verdict: 1 }) });
  expect(findings(state).filter((problem) => problem.word === 'RESETS' && problem.subject.includes('refused-job'))).toEqual([]);
  state.pausedAtMs = START_MS - 5_000;
  expect(findings(state).filter((problem) => problem.subject.includes('refused-job'))).toEqual([]);
});

test('a port that was closed once does not hide the resets of later', () => {
  const state = emptyScene();
  const talk = TALKS[7] as FakeTalk;
  for (let second = 0; second < 150; second++) {
    const nowMs = START_MS + (second + 1) * 1000;
    update(state, { type: 'tick', nowMs });
    update(state, { type: 'telemetry', report: reportOf(second, nowMs, { talks: [second < 2 ? { ...talk, drop: 'NO_SOCKET' } : talk] }) });
    if (second % 4 === 0 && second > 2) update(state, { type: 'flows', bytes: framed(flowOf(talk, nowMs, { isReset: true })) });
  }
  expect(findings(state)).toMatchObject([{ word: 'RESETS', amount: { text: 'every 4.0s' } }]);
});

test('a server that opened its port late does not hide the resets that follow', () => {
  const state = emptyScene();
  const talk = TALKS[7] as FakeTalk;
  for (let second = 0; second < 18; second++) {
    const nowMs = START_MS + (second + 1) * 1000;
    update(state, { type: 'tick', nowMs });
    update(state, { type: 'telemetry', report: reportOf(second, nowMs, { talks: [second < 1 ? { ...talk, drop: 'NO_SOCKET' } : talk] }) });
    if (second % 4 === 1) update(state, { type: 'flows', bytes: framed(flowOf(talk, nowMs, { isReset: true })) });
  }
  expect(findings(state)).toContainEqual(expect.objectContaining({ word: 'RESETS', amount: expect.objectContaining({ text: 'every 4.0s' }) }));
});

test('time does not go back further than there is data', () => {
  const state = busyScene();
  for (let i = 0; i < 40; i++) update(state, { type: 'action', action: 'time-back' });
  expect(state.pausedAtMs).toBe(state.fromTelemetry.firstSecond * 1000);
  expect(state.status.text).toBe('nothing is known of the time before this');
});

test('while paused, the list says which moment it is of', () => {
  const state = gapScene();
  expect(lineText(problemsSection(state, { cols: 80, rows: 4 })[0] ?? { spans: [] })).toContain('worst first');
  update(state, { type: 'action', action: 'pause' });
  expect(lineText(problemsSection(state, { cols: 80, rows: 4 })[0] ?? { spans: [] })).toContain('WHAT IS WRONG  at 12:01:30Z ──');
});

describe('pressure', () => {
  test('a few fixed entries of a configuration are no pressure; what comes and goes, or is half full, is', () => {
    const node = newNode('node-01');
    const maps = (second: number): Parameters<typeof applyNodeReport>[1] => ({ name: 'node-01', maps: [
      { id: 1, name: 'ht_noise', type: 'hash', entries_known: true, entries: 8, max_entries: 256, own: true },
      { id: 2, name: 'one', type: 'hash', entries_known: true, entries: 1, max_entries: 1 },
      { id: 3, name: 'ht_pairs', type: 'percpu_hash', entries_known: true, entries: 60 + second, max_entries: 16_384, own: true },
      { id: 4, name: 'cilium_lb', type: 'hash', entries_known: true, entries: 60_000, max_entries: 65_536 },
      { id: 5, name: 'cali_v4_ct', type: 'lru_hash', entries_known: true, entries: 10, max_entries: 512_000 },
      { id: 6, name: 'ht_conntrack', type: 'lru_hash', entries_known: true, entries: 10, max_entries: 512_000, own: true },
    ] });
    applyNodeReport(node, maps(0), { seconds: 1, nowMs: 1000 });
    applyNodeReport(node, maps(1), { seconds: 1, nowMs: 2000 });
    expect(node.maps.filter(canFill).map((map) => map.name)).toEqual(['cilium_lb', 'ht_pairs', 'cali_v4_ct', 'ht_conntrack']);
    expect(node.conntrack?.name).toBe('ht_conntrack');
  });

  test.each([[80, 3], [80, 5], [120, 6]])('a relay that passed flows on late shows at %i columns and %i rows, and no gauge gives way', (cols, rows) => {
    const state = emptyScene();
    const report = reportOf(1, START_MS, { talks: TALKS.slice(0, 1) as FakeTalk[] });
    update(state, { type: 'telemetry', report: { ...report, relays: [{ name: 'lab', flows: 12_000, late: 12, malformed: 3 }, { name: 'well', flows: 9 }] } });
    const text = pressureSection(state, { cols, rows }).map(lineText).join('\n');
    expect(text).toContain('lab: 12 late, 3 malformed of 12 000 flows');
    expect(text).not.toContain('well');
    expect(text).toContain('conntrack ');
  });
});
