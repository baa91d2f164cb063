import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { findings } from '../../../src/detect/findings.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { timestampOf } from '../../../src/model/time.ts';
import type { TcpSide } from '../../../src/wire/gen/hubtop.ts';
import { START_MS, tcpReport, ToldDashboard } from './told-packets.ts';

const healthy = ['shop/web > shop/api:8080 SYN new', 'shop/web < shop/api:8080 SYN-ACK', 'shop/web > shop/api:8080 DATA'];

describe('dead-connection', () => {
  test('tells of ACKs without SYN that are reset, by pod, and takes the place of the resets', () => {
    const told = new ToldDashboard().run(20, (second) => (second % 4 === 0 ? ['shop/web > data/redis:6379 PSH new from 40001', 'shop/web < data/redis:6379 RST from 40001'].map((line) => line.replace('40001', String(40_001 + second))) : healthy));
    const [finding] = told.found('DEAD');
    expect([finding?.subject, finding?.amount.text, finding?.why]).toEqual(['shop/web → data/redis:6379', '5×', 'ACK without SYN, the other end resets them: dead connections are used']);
    expect(finding?.evidence?.[1]).toBe('from web-7d4b-x9hk 5×');
    expect(told.found('RESETS')).toEqual([]);
  });

  test('sees it where only resets come, by what our own agents say of the connection', () => {
    const told = new ToldDashboard().run(10, (second) => (second % 2 === 0 ? ['shop/web < data/redis:6379 RST mid'] : healthy));
    expect(told.found('DEAD').map(({ subject }) => subject)).toEqual(['shop/web → data/redis:6379']);
  });

  test('sees what connection tracking drops', () => {
    const told = new ToldDashboard().run(10, (second) => (second % 2 === 0 ? ['shop/web > data/redis:6379 PSH drop 136'] : healthy));
    expect(told.found('DEAD').map(({ why }) => why)).toEqual(['ACK without SYN, connection tracking drops them: dead connections are used']);
    expect(told.found('DROPS')).toEqual([]);
  });

  test.each<[string, string[]]>([
    ['connections that were idle for long and go on', ['shop/web > data/redis:6379 PSH new', 'shop/web < data/redis:6379 DATA']],
    ['connections that end with RST', ['shop/web > data/redis:6379 SYN new', 'shop/web < data/redis:6379 SYN-ACK', 'shop/web < data/redis:6379 RST-ACK']],
    ['late FINs and RSTs of what was closed', ['shop/web > data/redis:6379 RST new']],
  ])('is quiet about %s', (_what, lines) => {
    expect(new ToldDashboard().run(30, () => lines).found('DEAD')).toEqual([]);
  });

  const counted = (seconds: number, egress: TcpSide): State => {
    const state = initialState({ server: 's', nowMs: START_MS, view: 'overview' });
    update(state, { type: 'connection', state: 'connecting' });
    update(state, { type: 'connection', state: 'live' });
    for (let second = 1; second <= seconds; second++) {
      const timeMs = START_MS + second * 1000;
      update(state, { type: 'telemetry', report: tcpReport(timeMs, { from: 'shop/web', to: 'data/redis', port: 6379, resets: 1, egress: { ...egress, resets: [] }, ingress: { resets: [{ reason: 'NO_SOCKET', count: 1 }] } }) });
      update(state, { type: 'tick', nowMs: timeMs });
    }
    return state;
  };

  test('believes what kernels count where no flow comes: a RST answered, and perhaps our own table forgot', () => {
    const [finding] = findings(counted(10, { no_syn_evicted: 2, no_syn_reset: 1 })).filter(({ word }) => word === 'DEAD');
    expect(finding?.subject).toBe('shop/web → data/redis:6379');
    expect(finding?.evidence).toContain('up to 20 of them may only look so: connection tracking of hubtop evicted entries in the 10 min before; 10 were answered by RST');
  });

  test.each<[string, TcpSide]>([['nobody reset', { no_syn: 3 }], ['were open before the agent came', { no_syn_attach: 3 }]])('is quiet about connections without SYN that %s', (_what, egress) => {
    const found = findings(counted(10, egress));
    expect(found.filter(({ word }) => word === 'DEAD')).toEqual([]);
    expect(found.find(({ word }) => word === 'RESETS')?.evidence).toEqual(["the server's stack reset 10×: NO_SOCKET"]);
  });

  test('does not take what was open before an agent came for dead', () => {
    const told = new ToldDashboard();
    const attach = (uptimeS: number): void => update(told.state, { type: 'telemetry', report: { time: timestampOf(told.state.nowMs), interval_ns: 1e9, nodes: [{ name: 'node-01', time: timestampOf(told.state.nowMs), uptime_ns: uptimeS * 1e9 }] } });
    const strays = (second: number): string[] => [`shop/web < data/redis:6379 RST mid from ${41_000 + second}`];
    attach(3);
    told.run(20, strays);
    attach(23);
    expect(told.found('DEAD')).toEqual([]);
    told.run(45, () => healthy);
    attach(68);
    told.run(20, strays);
    attach(88);
    expect(told.found('DEAD')).toHaveLength(1);
    expect(START_MS).toBeGreaterThan(0);
  });
});
