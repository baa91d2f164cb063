import { expect, test } from 'vitest';
import type { Connection } from '../../../agent/kernel/table-rows.ts';
import { addressRow, connectionRow, policyRow, serviceRow } from '../../../src/cli/maps-rows.ts';

const end = { port: 0, ref: 0, labels: 0, packets: 0, segments: 0, bytes: 0 };
const connection: Connection = {
  protocol: 6, direction: 'egress', client: { ...end, ip: '10.0.0.1', port: 40_000, ref: 3, labels: 7, packets: 1_200, bytes: 90_000 }, server: { ...end, ip: '2001:db8::1', port: 443 },
  ifindex: 12, state: 'open', createdS: 1_000, seenS: 8_195, isMidStream: true, verdict: 4, policy: 0, service: 0, parser: 'http',
};
const context = { names: new Map([['10.0.0.1', 'shop/web\u001b[31m']]), deviceOf: (number: number) => (number === 12 ? 'veth1' : undefined), nowS: 8_200 };

test('connectionRow() names what objects name, says the world, and lets no name drive a terminal', () => {
  const { cells, data } = connectionRow(connection, context);
  expect(cells.slice(0, 10)).toEqual(['TCP', 'egress', '10.0.0.1:40000', '[2001:db8::1]:443', 'open*', '2h', '5s', 'AUDIT', 'veth1', expect.stringMatching(/^1.200 pkts$/)]);
  expect(cells[10]).toMatch(/^shop\/web.* > world$/);
  expect(cells.join('')).not.toContain('\u001b');
  expect(data).toMatchObject({ protocol: 'TCP', client: { name: 'shop/web\u001b[31m', labels: 7, untold: { packets: 1_200 } }, server: { name: null }, age_s: 7_200, idle_s: 5, mid_stream: true, parser: 'http', device: 'veth1' });
});

test('connectionRow() without names shows the agent\'s numbers', () => {
  const { cells } = connectionRow({ ...connection, ifindex: 9, state: '', isMidStream: false, verdict: 0 }, { ...context, names: new Map() });
  expect([cells[4], cells[7], cells[8], cells[10]]).toEqual(['-', '-', '#9', 'labels 7 > world']);
});

test('addressRow() says whose an address is and behind which device', () => {
  expect(addressRow({ ip: '10.0.0.1', ref: 12, labels: 7, isLocal: true }, context).cells.slice(0, 5)).toEqual(['10.0.0.1', '12', '7', 'here', 'veth1']);
  expect(addressRow({ ip: '10.0.0.9', ref: 3, labels: 7, isLocal: false }, context).cells).toEqual(['10.0.0.9', '3', '7', 'elsewhere', '-', '-']);
});

test.each<[string, Partial<Parameters<typeof serviceRow>[0]>, string]>([
  ['with backends', {}, '10.0.1.1:80 10.0.1.2:80'],
  ['with more than a line holds', { backendCount: 1_026, backends: Array.from({ length: 1_024 }, (_, i) => `b${i}`) }, 'b0 b1 b2 b3 and 1 022 more'],
  ['with none', { backendCount: 0, backends: [] }, 'none: refused'],
  ['that is only looked at', { isTranslated: false, backendCount: 0, backends: [] }, 'not sent anywhere'],
])('serviceRow() of a service %s', (_case, more, words) => {
  const { cells } = serviceRow({ ip: '10.96.0.9', port: 80, protocol: 6, service: 3, isTranslated: true, backendCount: 2, backends: ['10.0.1.1:80', '10.0.1.2:80'], ...more }, new Map([['10.96.0.9', 'shop/api (service)']]));
  expect(cells.slice(0, 3)).toEqual(['TCP', '10.96.0.9:80', '3']);
  expect([cells[4], cells[5]?.replaceAll(/[^\x20-\x7e]/g, ' ')]).toEqual(['shop/api (service)', words]);
});

test('policyRow() says what is decided for whom, with names where there are any', () => {
  const row = { direction: 'ingress', peer: 9, protocol: 6, ports: { first: 8_192, last: 8_447 }, says: 'allow', policy: 4, parser: 'dns' } as const;
  expect(policyRow(7, row, (labels) => (labels === 7 ? 'shop/web' : undefined)).cells).toEqual(['shop/web', 'ingress', 'allow', 'TCP', '8192-8447', '4', 'dns', 'labels 9']);
  expect(policyRow(7, { ...row, peer: undefined, protocol: undefined, ports: undefined, says: 'default deny', policy: 0, parser: '' }, () => undefined).cells).toEqual(['labels 7', 'ingress', 'default deny', 'any', 'any', '-', '-', 'anybody else']);
  expect(policyRow(7, { ...row, peer: 0 }, () => undefined).cells[7]).toBe('world');
});
