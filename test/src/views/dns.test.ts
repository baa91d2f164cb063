import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { Action } from '../../../src/model/messages.ts';
import { flowsRequest } from '../../../src/model/requests.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { stateOfRecording } from '../recording-state.ts';
import { joined } from '../app/fake-cluster.ts';
import { requestsOfSecond } from '../app/fake-requests.ts';
import { busyScene } from './scenes.ts';

function textOf(state: State): string {
  return frame(state, { cols: 120, rows: 40 }).map(lineText).join('\n');
}

function act(state: State, ...actions: Action[]): void {
  for (const action of actions) update(state, { type: 'action', action });
}

describe('the dns view', () => {
  test('tells a storm from its search path, the one silent resolver, and what to type next', () => {
    const state = stateOfRecording('nxdomain-storm', 330);
    state.view = 'dns';
    const text = textOf(state);
    expect(text).toMatch(/9\d lookups\/s +fail 99\.\d% \(search-path noise 7\d% hidden\)/);
    expect(text).toMatch(/► mailhub\.payments\.svc\.cluster\.local\. +NXDOMAIN +9\d .* payments\/notifier +21:30:00Z/);
    expect(text).toMatch(/kube-dns-6c8f-r7nx .* ← only this one/);
    expect(text).not.toMatch(/kube-dns-6c8f-4tzl .* ← only this one/);
    expect(text).toContain('NEXT   kubectl -n kube-system logs kube-dns-6c8f-r7nx --since=10m');
  });

  test('B shows questions as they were asked, search paths and all', () => {
    const state = busyScene();
    state.view = 'dns';
    expect(textOf(state)).not.toContain('*.svc.cluster.local.');
    act(state, 'noise');
    const text = textOf(state);
    expect(text).toContain('questions/s');
    expect(text).toContain('*.svc.cluster.local.');
    expect(text).toContain('B fold search paths');
    act(state, 'noise');
    expect(textOf(state)).toContain('lookups/s');
  });

  test('Enter on a name leads to its questions and answers, Tab to the resolvers', () => {
    const state = busyScene();
    state.view = 'dns';
    act(state, 'enter');
    expect(state.view).toBe('flows');
    expect(flowsRequest(state).whitelist).toEqual([{ dns_query: [String.raw`^metrics\.batch\.svc\.cluster\.local\.`] }]);
    act(state, 'undo');
    state.view = 'dns';
    act(state, 'panel-next', 'panel-next', 'enter');
    expect(flowsRequest(state).whitelist?.[0]).toEqual({ destination_pod: ['kube-system/kube-dns-565d847f94-8qkzt'], protocol: ['dns'] });
  });

  test('what cannot be known under a filter is not called none', () => {
    const state = busyScene();
    state.view = 'dns';
    update(state, { type: 'chip', field: 'verdict', value: 'FORWARDED', isNegated: false });
    update(state, { type: 'flows-state', isOpen: false });
    update(state, { type: 'flows-state', isOpen: true });
    update(state, { type: 'tick', nowMs: state.nowMs + 2_000 });
    expect(textOf(state)).toContain('no lookup passes the filter');
    update(state, { type: 'flows', bytes: joined(requestsOfSecond(1, state.nowMs)) });
    update(state, { type: 'tick', nowMs: state.nowMs + 1_000 });
    expect(textOf(state)).toMatch(/no answer +\? +\?.*not known under this filter/);
  });
});
