import { expect, test } from 'vitest';
import { dumpRequest, parseNetlink, type Link, type Route } from '../../../agent/kernel/netlink.ts';
import { devicesByAddress, podDevices, type NetworkView } from '../../../agent/kernel/pod-devices.ts';

type Attribute = [type: number, value: number[]];

function padded(bytes: number[]): number[] {
  return [...bytes, ...Array<number>((4 - (bytes.length % 4)) % 4).fill(0)];
}

function number32(value: number): number[] {
  return [...new Uint8Array(new Int32Array([value]).buffer)];
}

function attributes(list: Attribute[]): number[] {
  return list.flatMap(([type, value]) => padded([(value.length + 4) & 255, (value.length + 4) >> 8, type & 255, type >> 8, ...value]));
}

function message(type: number, body: number[], flags = 0): number[] {
  return padded([...number32(16 + body.length), type & 255, type >> 8, flags, 0, ...number32(1), ...number32(0), ...body]);
}

const text = (value: string): number[] => [...new TextEncoder().encode(value), 0];
const linkBody = (ifindex: number, list: Attribute[]): number[] => [0, 0, 1, 0, ...number32(ifindex), ...number32(0), ...number32(0), ...attributes(list)];
const veth: Attribute[] = [[3, text('veth0')], [5, number32(2)], [18, attributes([[1, text('veth')]])], [37, number32(0)]];
const routeBody = (bits: number, list: Attribute[], { table = 254, protocol = 3, kind = 1, family = 2 } = {}): number[] =>
  [family, bits, 0, 0, table, protocol, 0, kind, ...number32(0), ...attributes(list)];

test('parseNetlink() reads a veth whose other end is in namespace 0', () => {
  expect(parseNetlink(Uint8Array.from(message(16, linkBody(7, veth))))).toEqual([
    { kind: 'link', isGone: false, link: { ifindex: 7, name: 'veth0', kind: 'veth', peerIfindex: 2, peerNamespaceId: 0 } },
  ]);
});

test('parseNetlink() says when what is listed changed meanwhile: a device may be missing', () => {
  const nlmFDumpIntr = 0x10;
  expect(parseNetlink(Uint8Array.from(message(3, number32(0), nlmFDumpIntr)))).toEqual([{ kind: 'interrupted' }]);
});

test('parseNetlink() reads every message of a datagram', () => {
  const bytes = Uint8Array.from([
    ...message(17, linkBody(7, veth.slice(0, 1))),
    ...message(24, routeBody(32, [[1, [10, 1, 0, 5]], [4, number32(7)]])),
    ...message(24, routeBody(0, [[5, [10, 0, 0, 1]], [4, number32(3)]])),
    ...message(28, [2, 0, 0, 0, ...number32(7), 2, 0, 0, 1, ...attributes([[1, [10, 1, 0, 6]], [2, [2, 0, 0, 0, 0, 9]]])]),
    ...message(3, number32(0)),
  ]);
  expect(parseNetlink(bytes)).toEqual([
    { kind: 'link', isGone: true, link: { ifindex: 7, name: 'veth0', kind: '' } },
    { kind: 'route', isGone: false, route: { destination: '10.1.0.5', prefixLength: 32, family: 4, ifindex: 7, hasGateway: false, isFromAddress: false } },
    { kind: 'route', isGone: false, route: { destination: '0.0.0.0', prefixLength: 0, family: 4, ifindex: 3, hasGateway: true, isFromAddress: false } },
    { kind: 'neighbour', isGone: false, neighbour: { ifindex: 7, ip: '10.1.0.6', mac: '020000000009' } },
    { kind: 'done' },
  ]);
});

test('parseNetlink() leaves out other tables and routes that deliver nothing', () => {
  const list: Attribute[] = [[1, [10, 1, 0, 5]], [4, number32(7)]];
  expect(parseNetlink(Uint8Array.from([...message(24, routeBody(32, list, { table: 255 })), ...message(24, routeBody(32, list, { kind: 6 }))]))).toEqual([]);
});

test('parseNetlink() reads the first hop of a route with several', () => {
  const hop = [16, 0, 0, 0, ...number32(5), ...attributes([[5, [10, 0, 0, 1]]])];
  expect(parseNetlink(Uint8Array.from(message(24, routeBody(0, [[9, hop]]))))).toMatchObject([{ route: { ifindex: 5, hasGateway: true } }]);
});

test('parseNetlink() gives the errno of an error', () => {
  expect(parseNetlink(Uint8Array.from(message(2, number32(-1))))).toEqual([{ kind: 'error', errno: 1 }]);
});

test('parseNetlink() survives any cut and any garbage', () => {
  const whole = Uint8Array.from([...message(16, linkBody(7, veth)), ...message(24, routeBody(32, [[1, [10, 1, 0, 5]]]))]);
  for (let length = 0; length < whole.length; length++) expect(parseNetlink(whole.subarray(0, length)).length).toBeLessThanOrEqual(2);
  for (let at = 0; at < whole.length; at++) expect(parseNetlink(whole.with(at, 255)).length).toBeLessThanOrEqual(2);
});

test('dumpRequest() asks the kernel for everything of a kind', () => {
  const view = new DataView(dumpRequest('routes', 9).buffer);
  expect([view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true), view.getUint32(8, true)]).toEqual([28, 26, 0x301, 9]);
});

function vethLink(ifindex: number, more: Partial<Link> = {}): Link {
  return { ifindex, name: `veth${ifindex}`, kind: 'veth', peerIfindex: 2, peerNamespaceId: ifindex, ...more };
}

function networkView(links: Link[], more: Partial<NetworkView> = {}): NetworkView {
  return { links: new Map(links.map((link) => [link.ifindex, link])), routes: [], neighbours: [], bridgePorts: [], ...more };
}

const hostRoute: Route = { destination: '10.1.0.5', prefixLength: 32, family: 4, ifindex: 7, hasGateway: false, isFromAddress: false };

test.each<[what: string, route: Partial<Route>, isPod: boolean]>([
  ['a route to one address', {}, true],
  ['a network the kernel made from its own address', { prefixLength: 24, isFromAddress: true }, true],
  ['a default route through a gateway', { prefixLength: 0, hasGateway: true }, false],
  ['a configured route to a network', { prefixLength: 24 }, false],
  ['an IPv6 host route', { family: 6, prefixLength: 128 }, true],
])('podDevices() of a veth with %s', (_what, route, isPod) => {
  expect(podDevices(networkView([vethLink(7)], { routes: [{ ...hostRoute, ...route }] })).length).toBe(isPod ? 1 : 0);
});

test('podDevices() leaves out hardware and pairs within the namespace, unless they are named', () => {
  const { peerNamespaceId: _, ...inside } = vethLink(8);
  const links = [vethLink(7), inside, { ifindex: 1, name: 'lo', kind: '' }, { ifindex: 2, name: 'eth0', kind: '' }];
  expect(podDevices(networkView(links)).map((link) => link.ifindex)).toEqual([7]);
  expect(podDevices(networkView(links), /^eth/).map((link) => link.ifindex)).toEqual([2]);
});

test('devicesByAddress() prefers host routes, then neighbours, then ports of a bridge', () => {
  const byAddress = devicesByAddress(networkView([vethLink(7), vethLink(8), vethLink(9, { master: 4 })], {
    routes: [hostRoute],
    neighbours: [{ ifindex: 99, ip: '10.1.0.5' }, { ifindex: 8, ip: '10.1.0.6', mac: 'aa' }, { ifindex: 4, ip: '10.1.0.7', mac: 'bb' }],
    bridgePorts: [{ ifindex: 9, mac: 'bb' }],
  }));
  expect([...byAddress]).toEqual([['10.1.0.5', 7], ['10.1.0.6', 8], ['10.1.0.7', 9]]);
});
