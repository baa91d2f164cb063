import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { isPlain } from '../../../src/lib/scrub.ts';
import type { Action } from '../../../src/model/messages.ts';
import { sameConnection } from '../../../src/model/same-connection.ts';
import { flowOfRow } from '../../../src/model/row-flow.ts';
import type { State } from '../../../src/model/state.ts';
import { GLYPHS } from '../../../src/screen/ascii.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { fromJson } from '../../../src/wire/json.ts';
import { flowOf, framed, TALKS, type FakeTalk } from '../app/fake-cluster.ts';
import { storyScene } from '../detect/story-scene.ts';
import { busyScene, emptyScene, gapScene, hostileScene, START_MS, stockScene } from './scenes.ts';

const GOLDEN = join(import.meta.dirname, 'golden');
const SIZES = [[80, 24], [120, 40], [200, 50]] as const;
const SCENES: readonly (readonly [string, () => State])[] = [['busy', busyScene], ['gap', gapScene], ['stock', stockScene], ['hostile', hostileScene]];

function press(state: State, ...actions: Action[]): State {
  for (const action of actions) update(state, { type: 'action', action });
  return state;
}

function screen(state: State, cols = 120, rows = 40): string {
  return frame(state, { cols, rows }).map(lineText).join('\n');
}

/** The last row that passes, opened. */
function openRow(state: State, isWanted: (flow: Flow) => boolean): State {
  state.view = 'flows';
  for (let id = state.rows.next - 1; id >= state.rows.first; id--) {
    const row = state.rows.get(id);
    const flow = row === undefined ? undefined : flowOfRow(state, row);
    if (flow === undefined || !isWanted(flow)) continue;
    state.pausedAtMs = state.nowMs;
    Object.assign(state.stream, { selected: id, bottom: state.rows.next - 1, isDetailOpen: true, jsonTop: -1 });
    return state;
  }
  throw new Error('no such flow');
}

const isDropped = (flow: Flow): boolean => flow.verdict === 2;

describe('the page of a flow', () => {
  const built = new Map<string, State>();
  beforeAll(() => {
    for (const [name, build] of SCENES) built.set(name, openRow(build(), isDropped));
    mkdirSync(GOLDEN, { recursive: true });
  });

  const cases = SCENES.flatMap(([scene]) => SIZES.flatMap(([cols, rows]) => [false, true].map((isJson) => ({ scene, cols, rows, isJson }))));
  test.each(cases)('$scene, $cols x $rows, JSON $isJson: exact size, safe cells, golden', ({ scene, cols, rows, isJson }) => {
    const state = built.get(scene) ?? emptyScene();
    state.stream.jsonTop = isJson ? 0 : -1;
    const lines = frame(state, { cols, rows }).map(lineText);
    expect(lines).toHaveLength(rows);
    expect(lines.filter((line) => line.length !== cols)).toEqual([]);
    expect([...lines.join('')].filter((cell) => !isPlain(cell) && !GLYPHS.has(cell))).toEqual([]);
    if (rows === 50) return;
    const file = join(GOLDEN, `flow-${isJson ? 'json' : 'detail'}.${scene}.${cols}x${rows}.txt`);
    // the page alone: the tabs above it change with every view there is
    const text = lines.slice(3, -1).map((line) => `${line.trimEnd()}\n`).join('');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });
});

describe('a dropped flow of a policy edit', () => {
  let state: State;
  beforeAll(() => {
    state = storyScene('policy-edit', { seconds: 270, relay: 'ours', view: 'flows' });
  });

  test.each(SIZES)('at %i x %i it tells its fields, its connection, what a pivot brings, what changed and what is next', (cols, rows) => {
    openRow(state, (flow) => isDropped(flow) && flow.event_type?.type === 1 && flow.l4?.TCP?.flags?.SYN === true);
    const text = screen(state, cols, rows);
    for (const words of ['X DROPPED  POLICY_DENIED', 'default/commentary-fanout', '10.244.1.14', 'dropped at the destination', 'denied_by (empty)', 'default/chat-relay-ingress', 'w s', '21:30:00', '21:30:08', 'first drop', 'kubectl -n default get netpol chat-relay-ingress -o yaml']) expect(text).toContain(words);
  });

  test('h and l lead to other flows like it, and say where there is none', () => {
    openRow(state, isDropped);
    const first = state.stream.selected;
    press(state, 'column-left');
    expect(state.stream.selected).toBeLessThan(first);
    expect(screen(state)).toContain('X DROPPED');
    press(state, 'column-right', 'column-right');
    expect([state.stream.selected, state.status.text]).toEqual([first, 'no later flow like this is here']);
  });

  test('J shows the JSON, y copies it as hubble prints it, Esc closes one thing at a time', () => {
    openRow(state, isDropped);
    press(state, 'json');
    expect(screen(state)).toMatch(/── JSON {2}as hubble observe -o jsonpb [\s\S]*"verdict": "DROPPED"/);
    press(state, 'copy');
    const copied = state.effects.at(-1);
    const text = copied?.type === 'copy' ? copied.text : '';
    expect(text.split('\n')).toHaveLength(1);
    const parsed = fromJson(GetFlowsResponseCodec, text);
    expect(parsed.ok && parsed.value.flow).toMatchObject({ verdict: 2, drop_reason_desc: 133, source: { pod_name: 'commentary-fanout-5f6d-hq2c' } });
    expect(text).not.toContain('extensions');
    press(state, 'last');
    expect(screen(state)).toContain('beside it, from an agent of hubtop:');
    press(state, 'back');
    expect([state.stream.isDetailOpen, screen(state)]).toEqual([true, expect.stringContaining('── FLOW ')]);
    press(state, 'back');
    expect([state.stream.isDetailOpen, state.view]).toEqual([false, 'flows']);
  });

  test('y copies what to type next, c the conversation as a hubble line, E writes the rule', () => {
    openRow(state, isDropped);
    state.effects = [];
    press(state, 'copy', 'copy-hubble', 'rule');
    expect(state.effects).toMatchObject([
      { type: 'copy', text: 'kubectl -n default get netpol chat-relay-ingress -o yaml --show-managed-fields' },
      { type: 'copy', text: expect.stringMatching(/^hubble observe --from-pod default\/commentary-fanout-5f6d-hq2c --to-pod default\/chat-relay-84bb-v5ms --to-port 50051 /) },
      { type: 'write', stem: 'allow-commentary-fanout-chat-relay-50051' },
    ]);
    openRow(state, (flow) => flow.verdict === 1);
    press(state, 'rule');
    expect(state.status.text).toBe('this flow was not dropped');
  });

  test('f filters to the conversation, and b takes it back', () => {
    openRow(state, isDropped);
    press(state, 'follow');
    expect(state.chips.map(({ field, value }) => `${field}=${value}`)).toEqual(['from-pod=default/commentary-fanout-5f6d-hq2c', 'to-pod=default/chat-relay-84bb-v5ms', 'port=50051']);
    press(state, 'undo');
    expect(state.chips).toEqual([]);
  });
});

describe('sameConnection()', () => {
  const talk = TALKS[8] as FakeTalk;
  const syn = (atMs: number, parts: Partial<Flow> = {}): Uint8Array => framed({ ...flowOf(talk, START_MS + atMs), ...parts });

  function watch(frames: readonly Uint8Array[]): State {
    const state = emptyScene();
    update(state, { type: 'connection', state: 'live' });
    update(state, { type: 'tick', nowMs: START_MS + 10_000 });
    for (const bytes of frames) update(state, { type: 'flows', bytes });
    return openRow(state, () => true);
  }

  function packetsOf(state: State): ReturnType<typeof sameConnection> {
    const row = state.rows.get(state.stream.selected);
    const flow = row === undefined ? undefined : flowOfRow(state, row);
    if (row === undefined || flow === undefined) throw new Error('no flow');
    return sameConnection(state, row, flow);
  }

  test('joins verdict and drop of one packet, and tells a SYN that is sent again', () => {
    const verdict = { event_type: { type: 5 } };
    const found = packetsOf(watch([syn(0, verdict), syn(0.2), syn(1_000, verdict), syn(1_000.2), syn(3_000)]));
    expect(found.packets.map(({ what, isRetry, points, isAtSource }) => [what, isRetry, points.length, isAtSource])).toEqual([['SYN', false, 2, true], ['SYN', true, 2, true], ['SYN', true, 1, true]]);
    expect(found.isUnanswered).toBe(true);
    expect(screen(watch([syn(0), syn(1_000)]))).toMatch(/── SAME CONNECTION {2}2 packets here, no answer seen: the client times out [\s\S]*→ SYN again +X DROP dropped here, never left the pod/);
  });

  test('other connections of the pair are others', () => {
    const other = framed(flowOf(talk, START_MS + 500, { sourcePort: 50_000 }));
    expect(packetsOf(watch([other, syn(1_000)])).packets).toHaveLength(1);
  });

  test('an answer is no timeout', () => {
    const fine = { ...talk };
    delete fine.drop;
    const found = packetsOf(watch([framed(flowOf(fine, START_MS)), framed(flowOf(fine, START_MS + 1_000)), framed(flowOf(fine, START_MS + 1_001, { isReply: true }))]));
    expect([found.packets.length, found.isUnanswered]).toEqual([3, false]);
  });

  test('a flow that stands for many is of no single connection', () => {
    const state = watch([syn(0, { aggregate: { egress_flow_count: 400 } })]);
    expect(packetsOf(state).packets).toEqual([]);
    expect(screen(state, 80, 24)).toContain('this flow stands for many');
  });
});
