import { beforeAll, describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { Action } from '../../../src/model/messages.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { wrap } from '../../../src/views/wrap.ts';
import { reportOf, TALKS } from '../app/fake-cluster.ts';
import { storyScene } from '../detect/story-scene.ts';
import { busyScene, emptyScene } from './scenes.ts';

const SIZES = [[80, 24], [120, 40], [200, 50]] as const;

function press(state: State, ...actions: Action[]): State {
  for (const action of actions) update(state, { type: 'action', action });
  return state;
}

function screen(state: State, cols = 120, rows = 40): string {
  return frame(state, { cols, rows }).map(lineText).join('\n');
}

/** The whole text of the explanation, whatever the lines are broken at. */
function prose(state: State, cols: number, rows: number): string {
  return screen(state, cols, rows).replaceAll(/\s+/g, ' ');
}

describe('the drops view', () => {
  let edited: State;
  beforeAll(() => {
    edited = storyScene('policy-edit', { seconds: 270, relay: 'ours', view: 'overview' });
  });

  test('Enter leads from the overview to the reason and the pair, then to the flows, then to the flow; Esc back', () => {
    press(edited, 'enter');
    expect(edited.view).toBe('drops');
    expect(screen(edited)).toMatch(/ ► POLICY_DENIED {2}default deny[\s\S]* ► default\/commentary-fanout → default\/chat-relay:50051/);
    press(edited, 'enter');
    expect([edited.view, edited.chips.map(({ field, value }) => `${field}=${value}`)]).toEqual(['flows', ['from-workload=default/commentary-fanout', 'to-workload=default/chat-relay', 'port=50051', 'verdict=DROPPED', 'drop-reason=POLICY_DENIED']]);
    press(edited, 'undo', 'back');
    expect([edited.view, edited.chips]).toEqual(['drops', []]);
    press(edited, 'back');
    expect(edited.view).toBe('overview');
  });

  test.each(SIZES)('at %i x %i the cause, who changed what, and the next command are on the screen', (cols, rows) => {
    edited.view = 'drops';
    const text = prose(edited, cols, rows);
    for (const words of ['CAUSE', 'policy default/chat-relay-ingress rev 42 changed by kubectl-edit', 'time fits, 8 s', 'a policy selects chat-relay for ingress', 'label app=commentary-fanout is not app=commentary-api', 'ALLOWED by default/chat-relay-ingress', 'kubectl -n default get netpol chat-relay-ingress -o yaml']) expect(text).toContain(words);
  });

  test('the change is marked in the timeline', () => {
    edited.view = 'drops';
    expect(screen(edited)).toMatch(/(▲ rev 42 21:30:00Z|rev 42 21:30:00Z ▲)/);
  });

  test('the lower lists follow the upper cursor, and keep their own', () => {
    const state = press(busyScene(), 'view-drops');
    expect(screen(state)).toContain(' ► payments/rewards-cron-job-1 → payments/ledger-svc:9090');
    press(state, 'down');
    expect(screen(state)).toMatch(/ ► NO_SOCKET[\s\S]* ► shop\/refused-job → payments\/payments:9999[\s\S]*nothing listens on port 9999 of payments/);
    press(state, 'panel-next', 'panel-next', 'down');
    expect(screen(state)).toMatch(/► kubectl -n payments get svc,endpointslices/);
    press(state, 'copy', 'copy-hubble');
    expect(state.effects).toMatchObject([{ type: 'copy', text: 'kubectl -n payments get svc,endpointslices' }, { type: 'copy', text: expect.stringMatching(/^hubble observe .*--from-workload refused-job/) }]);
  });

  test('y on a pair copies what to type next, whole', () => {
    const state = press(busyScene(), 'view-drops', 'panel-next', 'copy');
    expect(state.effects).toMatchObject([{ type: 'copy', text: 'kubectl -n payments get cnp,netpol -o yaml --show-managed-fields' }]);
  });

  test('E writes a rule for review, or says why there is none', () => {
    edited.view = 'drops';
    press(edited, 'rule');
    expect(edited.effects).toMatchObject([{ type: 'write', stem: 'allow-commentary-fanout-chat-relay-50051', ending: '.yaml', text: expect.stringContaining('kind: NetworkPolicy') }]);
    const state = press(busyScene(), 'view-drops', 'down', 'rule');
    expect([state.effects, state.status.text]).toEqual([[], 'no policy dropped this: a rule would not help']);
    expect(press(emptyScene(), 'view-drops', 'rule').status.text).toBe('no drop is selected');
  });

  test('B leaves out what is harmless and says how much that is', () => {
    edited.view = 'drops';
    expect(screen(edited)).toContain('UNSUPPORTED_L3_PROTOCOL');
    press(edited, 'noise');
    expect(screen(edited)).not.toContain('UNSUPPORTED_L3_PROTOCOL');
    expect(screen(edited)).toMatch(/1 harmless hidden, \d+ drops: B/);
    expect(screen(edited, 80, 24)).toContain('1 harmless hidden');
    press(edited, 'noise');
    expect(screen(edited)).toContain('UNSUPPORTED_L3_PROTOCOL');
  });

  test('s steps through the orders and says which', () => {
    const state = press(busyScene(), 'view-drops', 'sort', 'sort', 'sort');
    expect([state.status.text, screen(state)]).toEqual(['sorted by name', expect.stringMatching(/NO_SOCKET[\s\S]*POLICY_DENIED/)]);
    press(state, 'sort');
    expect(screen(state)).toMatch(/POLICY_DENIED[\s\S]*NO_SOCKET/);
  });

  test('rows keep their order while the cursor moves, and the next sort thaws them', () => {
    const state = press(busyScene(), 'view-drops', 'down');
    const storm = TALKS.map((talk) => (talk.drop === 'NO_SOCKET' ? { ...talk, perSecond: 5_000 } : talk));
    for (let second = 1; second <= 2; second++) {
      update(state, { type: 'tick', nowMs: state.nowMs + 1000 });
      update(state, { type: 'telemetry', report: reportOf(90 + second, state.nowMs, { talks: storm }) });
    }
    expect(screen(state)).toMatch(/POLICY_DENIED[\s\S]* ► NO_SOCKET/);
    update(state, { type: 'tick', nowMs: state.nowMs + 3_000 });
    expect(screen(state)).toMatch(/ ► NO_SOCKET[\s\S]*POLICY_DENIED/);
  });

  test('a moment before the incident has neither the drops nor what was learnt later', () => {
    edited.view = 'drops';
    edited.pausedAtMs = Date.UTC(2026, 2, 1, 21, 29, 50);
    expect(screen(edited)).not.toMatch(/POLICY_DENIED|rev 42|kubectl-edit/);
    edited.pausedAtMs = 0;
  });

  test('the same port of two protocols is two rows that can be told apart', () => {
    const state = emptyScene();
    update(state, { type: 'connection', state: 'live' });
    const [refused] = TALKS.filter((talk) => talk.drop === 'NO_SOCKET');
    if (refused === undefined) throw new Error('no refused talk');
    for (let second = 1; second <= 3; second++) {
      update(state, { type: 'tick', nowMs: state.nowMs + 1000 });
      update(state, { type: 'telemetry', report: reportOf(second, state.nowMs, { talks: [refused, { ...refused, protocol: 17 }] }) });
    }
    expect(screen(press(state, 'view-drops'))).toMatch(/payments:9999 [\s\S]*payments:9999\/UDP/);
  });

  test('without drops it says so, and since when it looked', () => {
    const state = emptyScene();
    update(state, { type: 'connection', state: 'live' });
    expect(screen(press(state, 'view-drops'))).toContain('no drops known yet');
  });
});

test.each([
  ['one two three', 7, ['one two', 'three']],
  ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
  ['', 5, ['']],
  ['exactly', 7, ['exactly']],
  ['a bcdefghijkl', 8, ['a bcdefg', 'hijkl']],
])('wrap(%j, %i)', (text, width, lines) => {
  expect(wrap(text, width)).toEqual(lines);
});
