import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { Action } from '../../../src/model/messages.ts';
import { flowsRequest } from '../../../src/model/requests.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { orderedTalkers } from '../../../src/views/talker-rows.ts';
import { httpRecords } from '../app/fake-l7.ts';
import { flowOf, framed, joined, reportOf, TALKS } from '../app/fake-cluster.ts';
import { tcpReport } from '../detect/told-packets.ts';
import { busyScene, packetsScene, START_MS, stockScene } from './scenes.ts';

function at(scene: () => State, ...actions: Action[]): State {
  const state = scene();
  state.view = 'talkers';
  for (const action of actions) update(state, { type: 'action', action });
  return state;
}

function screen(state: State, cols = 120, rows = 40): string {
  return frame(state, { cols, rows }).map((row) => lineText(row).trimEnd()).join('\n');
}

const names = (state: State): string[] => orderedTalkers(state).rows.map(({ source, destination, port }) => `${source} ${destination}${port}`);

describe('the talkers view', () => {
  test('s goes through the columns that are there, r turns the order round, and the column is marked', () => {
    const state = at(packetsScene);
    const marks: string[] = [];
    for (let i = 0; i < 6; i++) {
      marks.push(/(\S+)▼/.exec(screen(state).split('\n')[4] ?? '')?.[1] ?? '');
      update(state, { type: 'action', action: 'sort' });
    }
    expect(marks).toEqual(['NEW/s', 'EV/s', 'BYTES/s', 'DROP/s', 'RST/s', 'NEW/s']);
    update(state, { type: 'action', action: 'sort' });
    expect(names(state)[0]).toBe('payments/ledger-svc payments/postgres-primary:5432');
    update(state, { type: 'action', action: 'reverse' });
    expect(names(state).at(-1)).toBe('payments/ledger-svc payments/postgres-primary:5432');
    expect(screen(state)).toContain('BYTES/s▲');
  });

  test('the column rows are sorted by is there on a small screen too', () => {
    const state = at(busyScene);
    expect(screen(state, 80, 24)).not.toContain('BYTES');
    for (const action of ['sort', 'sort'] as const) update(state, { type: 'action', action });
    expect(screen(state, 80, 24)).toMatch(/NEW\/s +BYTES\/s▼ +DROP\/s/);
  });

  test('the selected row says what the stacks of both ends say of TCP, and nothing where none does', () => {
    const state = at(busyScene);
    expect(screen(state)).not.toContain('SYN-ACK after');
    for (const second of [1, 2, 3]) {
      const timeMs = state.nowMs + 1000;
      update(state, { type: 'telemetry', report: tcpReport(timeMs, { from: 'shop/web', to: 'data/redis', port: 6379, egress: { handshakes: 2, handshake_ns: 2_400_000, retransmits: 6 * second, no_syn_evicted: 1, no_syn_reset: 1 }, ingress: { resets: [{ reason: 'NO_SOCKET', count: 90 }] } }) });
      update(state, { type: 'tick', nowMs: timeMs });
    }
    const at_ = orderedTalkers(state).rows.findIndex(({ source, destination }) => source === 'shop/web' && destination === 'data/redis');
    for (let row = 0; row < at_; row++) update(state, { type: 'action', action: 'down' });
    const line = screen(state, 160).split('\n').find((text) => text.includes('SYN-ACK after'));
    expect(line).toMatch(/^ TCP +SYN-ACK after 1.2ms {3}RST by server: NO_SOCKET \S+\/s {3}client sends again \S+\/s {3}ACK without SYN \S+\/s, reset \S+\/s, evicted here\?$/);
  });

  test('flows have no bytes, and no column pretends they had', () => {
    expect(screen(at(stockScene))).not.toContain('BYTES');
    expect(screen(at(stockScene))).toContain('flows carry no bytes');
  });

  test('a goes from workloads to namespaces, nodes and pods, and back', () => {
    const state = at(stockScene);
    const told: string[] = [];
    for (let i = 0; i < 5; i++) {
      told.push(/TOP PAIRS {2}(by [^,]*),/.exec(screen(state))?.[1] ?? '');
      update(state, { type: 'action', action: 'group' });
    }
    expect(told).toEqual(['by workload', 'by namespace', 'by reporting node', 'by pod and verdict', 'by workload']);
  });

  test('namespaces hold what their workloads hold', () => {
    const total = (state: State): number => orderedTalkers(state).rows.reduce((sum, { counts }) => sum + counts.connections + counts.dropped, 0);
    expect(total(at(packetsScene, 'group'))).toBeCloseTo(total(at(packetsScene)));
    expect(names(at(packetsScene, 'group'))).toContain('payments kube-system');
  });

  test('pods need every flow: the stream is asked for them only while somebody looks', () => {
    const asked = (state: State): number => (flowsRequest(state).whitelist ?? []).length;
    expect(asked(at(packetsScene))).toBeGreaterThan(0);
    const state = at(packetsScene, 'group', 'group', 'group');
    expect(asked(state)).toBe(0);
    expect(state.status.text).toContain('from the flows that come from now on');
    state.view = 'overview';
    expect(asked(state)).toBeGreaterThan(0);
  });

  test('pods are told with verdict and flows, and what they sum up to, as a reader of flows would print them', () => {
    const text = screen(at(stockScene, 'group', 'group', 'group'));
    expect(text).toMatch(/payments\/rewards-cron-job-1-7\S+ +→ payments\/ledger-svc-5c8d-l0pqz:9090 X DROP +60 /);
    expect(text).toMatch(/TOTAL {2}≥585 flows in 60s/);
    expect(text).toMatch(/verdicts +FORWARDED ≥465 +DROPPED ≥120/);
    expect(text).toMatch(/drops +POLICY_DENIED ≥60 +NO_SOCKET ≥60/);
  });

  test('rows stay where they are while the cursor moves, and say so', () => {
    const state = at(packetsScene, 'down');
    const before = names(state);
    const talks = TALKS.map((talk) => ({ ...talk, perSecond: talk.port === 9102 ? 9_000 : 1 }));
    for (let second = 0; second < 3; second++) {
      update(state, { type: 'tick', nowMs: state.nowMs + 900 });
      update(state, { type: 'telemetry', report: reportOf(100 + second, START_MS + (91 + second) * 1000, { talks }) });
    }
    expect(names(state)).toEqual(before);
    expect(screen(state)).toContain('order held');
    update(state, { type: 'tick', nowMs: state.nowMs + 3_000 });
    expect(names(state)[0]).toBe('monitoring/prometheus payments/checkout-api:9102');
    expect(screen(state)).not.toContain('order held');
  });

  test('3 leads from a row with drops to what explains them, from another one to the drops', () => {
    const state = at(packetsScene, 'sort', 'sort', 'sort', 'view-drops');
    expect([state.view, state.cursors.get('drops')?.panel]).toEqual(['drops', 1]);
    expect(screen(state)).toContain('► payments/rewards-cron-job-1 → payments/ledger-svc:9090');
    const other = at(packetsScene, 'view-drops');
    expect([other.view, other.cursors.get('drops')?.panel ?? 0]).toEqual(['drops', 0]);
  });

  test('nobody answers: SYNs, no SYN-ACK, nothing dropped', () => {
    const state = at(stockScene);
    const talk = { from: 'shop/checkout', to: 'shop/payments', port: 8443, protocol: 6 as const, perSecond: 1, bytes: 0 };
    update(state, { type: 'flows', bytes: joined(Array.from({ length: 50 }, (_, i) => framed(flowOf(talk, state.nowMs - 900, { sourcePort: 30_000 + i })))) });
    for (let i = 0; i < 40; i++) if (orderedTalkers(state).rows[orderedTalkers(state).at]?.port !== ':8443') update(state, { type: 'action', action: 'down' });
    expect(screen(state)).toMatch(/SYN 0\.8\/s +SYN-ACK 0 +RST 0 +→ nobody answers/);
  });
});

test('errors are told of the only TCP port two talk on, else of none', () => {
  const state = at(stockScene);
  expect(screen(state)).not.toContain('ERR');
  const calls = Array.from({ length: 8 }, (_, i) => httpRecords({ from: 'ingress/istio-gateway', to: 'payments/checkout-api', timeMs: state.nowMs - 900, code: i < 2 ? 503 : 200, clientPort: 41_000 + i })).flat();
  update(state, { type: 'flows', bytes: joined(calls) });
  update(state, { type: 'tick', nowMs: state.nowMs + 1_000 });
  const errors = (): (number | undefined)[] => orderedTalkers(state).rows.filter(({ source, destination }) => source === 'ingress/istio-gateway' && destination === 'payments/checkout-api').map((row) => row.errors);
  expect(screen(state)).toContain('ERR');
  expect(errors()).toEqual([0.25]);
  const [first = TALKS[1]] = TALKS;
  if (first !== undefined) update(state, { type: 'flows', bytes: framed(flowOf({ ...first, port: 9_443 }, state.nowMs - 500)) });
  update(state, { type: 'tick', nowMs: state.nowMs + 1_000 });
  expect(errors()).toEqual([undefined, undefined]);
});
