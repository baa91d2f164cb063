import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { findings } from '../../../src/detect/findings.ts';
import { initialState } from '../../../src/model/state.ts';
import { pairReport, START_MS, ToldDashboard } from './told-packets.ts';

const answered = (client: string, server: string): string[] => [`${client} > ${server} SYN new`, `${client} < ${server} SYN-ACK`, `${client} > ${server} DATA`];
const syn = (client: string, server: string): string[] => [`${client} > ${server} SYN new`];
/** Each connection's answer has its own port: the same one for all packets of a line group. */
const withPorts = (second: number, groups: readonly string[][]): string[] => groups.flatMap((group, i) => group.map((line) => `${line} from ${33_000 + second * 20 + i}`));

describe('nobody-answers', () => {
  test('tells of a server that fell silent, since when, and that others are answered', () => {
    const told = new ToldDashboard().run(30, (second) => withPorts(second, [answered('shop/web', 'shop/api:8080'), answered('shop/admin', 'shop/api:8080')]))
      .run(12, (second) => withPorts(second, [syn('shop/web', 'shop/api:8080'), answered('shop/admin', 'shop/api:8080')]));
    const [finding, ...others] = told.found('SILENT');
    expect(others).toEqual([]);
    expect([finding?.subject, finding?.sinceMs]).toEqual(['shop/web → shop/api:8080', START_MS + 30_000]);
    expect(finding?.evidence).toEqual(['12 SYNs, no SYN-ACK, no RST, no drop told in 12 s', 'answered until 12:00:29Z', '1 other callers of shop/api:8080 are answered']);
    expect(finding?.cause).toEqual({ text: 'something between the two, not the server: it answers another caller', isCertain: false });
  });

  test('waits five seconds', () => {
    const told = new ToldDashboard().run(30, (second) => withPorts(second, [answered('shop/web', 'shop/api:8080'), answered('shop/web', 'shop/cart:8080')]))
      .run(4, (second) => withPorts(second, [syn('shop/web', 'shop/api:8080'), answered('shop/web', 'shop/cart:8080')]));
    expect(told.found('SILENT')).toEqual([]);
    expect(told.run(2, (second) => withPorts(second, [syn('shop/web', 'shop/api:8080'), answered('shop/web', 'shop/cart:8080')])).found('SILENT')).toHaveLength(1);
  });

  test.each<[string, (second: number) => string[][]]>([
    ['everything is answered', () => [answered('shop/web', 'shop/api:8080')]],
    ['it is refused by RST: that is an answer', () => [[...syn('shop/web', 'shop/api:8080'), 'shop/web < shop/api:8080 RST-ACK'], answered('shop/web', 'shop/cart:8080')]],
    ['it is dropped: that is told as a drop', () => [['shop/web > shop/api:8080 SYN drop 133'], answered('shop/web', 'shop/cart:8080')]],
    ['no answers are told of at all, as where agents report one direction', () => [syn('shop/web', 'shop/api:8080'), syn('shop/web', 'shop/cart:8080')]],
    ['a connection now and then, each answered', (second) => (second % 9 === 0 ? [answered('shop/web', 'shop/api:8080')] : [])],
    ['a pool: data, no openings', () => [['shop/web > shop/api:8080 DATA'], answered('shop/web', 'shop/cart:8080')]],
  ])('is quiet where %s', (_what, groups) => {
    expect(new ToldDashboard().run(40, (second) => withPorts(second, groups(second))).found('SILENT')).toEqual([]);
  });

  test('is quiet under a filter, which may hide the answers', () => {
    const told = new ToldDashboard();
    const lines = (second: number): string[] => withPorts(second, [syn('shop/web', 'shop/api:8080'), answered('shop/web', 'shop/cart:8080')]);
    expect(told.run(20, lines).found('SILENT')).toHaveLength(1);
    update(told.state, { type: 'chip', field: 'from-workload', value: 'shop/web', isNegated: false });
    update(told.state, { type: 'flows-requested' });
    update(told.state, { type: 'flows-state', isOpen: false });
    update(told.state, { type: 'flows-state', isOpen: true });
    expect(told.run(20, lines).found('SILENT')).toEqual([]);
  });

  test('sees it in what kernels count: connections opened, no packet back', () => {
    const state = initialState({ server: 's', nowMs: START_MS, view: 'overview' });
    update(state, { type: 'connection', state: 'live' });
    for (let second = 1; second <= 30; second++) {
      const timeMs = START_MS + second * 1000;
      update(state, { type: 'tick', nowMs: timeMs });
      update(state, { type: 'telemetry', report: pairReport(timeMs, [
        { from: 'shop/web', to: 'shop/api', port: 8080, opened: 5, sent: 60, back: second <= 15 ? 50 : 0 }, { from: 'shop/web', to: 'shop/cart', port: 8080, opened: 5, sent: 60, back: 50 },
      ]) });
    }
    const [finding] = findings(state).filter(({ word }) => word === 'SILENT');
    expect([finding?.severity, finding?.subject, finding?.sinceMs, finding?.why]).toEqual(['crit', 'shop/web → shop/api:8080', START_MS + 15_000, 'nobody answers: 75 connections opened, no packet back, no drop told']);
  });
});
