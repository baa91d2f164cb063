/**
 * rtnetlink messages as bytes (linux/netlink.h, rtnetlink.h, if_link.h,
 * neighbour.h): the dumps we ask for, and links, routes and neighbours read
 * from answers and notifications. Parser of one format, no input or output.
 */
import { formatIp } from '../../src/lib/ip-bytes.ts';
import { align, attributes, attributeText, number32 } from './netlink-attributes.ts';
import { type Filter, newFilter, newQdisc, parseFilter, parseQdisc, type Qdisc } from './netlink-tc.ts';

const headerBytes = 16;
const requestAndDump = 0x301; // NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
const messageError = 2;
const messageDone = 3;
const newLink = 16;
const deleteLink = 17;
const newRoute = 24;
const deleteRoute = 25;
const newNeighbour = 28;
const deleteNeighbour = 29;
const familyIpv4 = 2;
const familyBridge = 7;
const familyIpv6 = 10;
const mainTable = 254;
const dumpInterrupted = 0x10; // NLM_F_DUMP_INTR

/** A network device of the namespace that was asked. */
export interface Link {
  ifindex: number;
  name: string;
  /** Driver, such as veth; empty for real hardware. */
  kind: string;
  /** ifindex of the other end of a veth, in its namespace. */
  peerIfindex?: number;
  /** Present when the other end lives in another network namespace. */
  peerNamespaceId?: number;
  /** The bridge it belongs to. */
  master?: number;
}

/** A unicast route of the main table. */
export interface Route {
  destination: string;
  prefixLength: number;
  family: 4 | 6;
  ifindex: number;
  hasGateway: boolean;
  /** The kernel made it when the device was given an address. */
  isFromAddress: boolean;
}

/** Who answers to an address (ip and mac), or behind which port of a bridge a MAC address sits (mac only). */
export interface Neighbour {
  ifindex: number;
  ip?: string;
  mac?: string;
}

/** What a netlink message said. */
export type NetlinkMessage =
  | { kind: 'link'; isGone: boolean; link: Link }
  | { kind: 'route'; isGone: boolean; route: Route }
  | { kind: 'neighbour'; isGone: boolean; neighbour: Neighbour }
  | { kind: 'qdisc'; qdisc: Qdisc }
  | { kind: 'filter'; filter: Filter }
  /** What is listed changed meanwhile: something may be missing. */
  | { kind: 'interrupted' }
  | { kind: 'done' }
  | { kind: 'error'; errno: number };

/** A request to list everything of one kind. */
export function dumpRequest(what: 'links' | 'routes' | 'neighbours' | 'bridge-ports', sequence: number): Uint8Array {
  const type = { links: 18, routes: 26, neighbours: 30, 'bridge-ports': 30 }[what];
  const body = { links: 16, routes: 12, neighbours: 12, 'bridge-ports': 12 }[what];
  const bytes = new Uint8Array(headerBytes + body);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, requestAndDump, true);
  view.setUint32(8, sequence, true);
  bytes[headerBytes] = what === 'bridge-ports' ? familyBridge : 0;
  return bytes;
}

/** Messages of one datagram; what we do not use is left out, a malformed rest is ignored. */
export function parseNetlink(bytes: Uint8Array): NetlinkMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + headerBytes <= bytes.length;) {
    const length = view.getUint32(at, true);
    if (length < headerBytes || at + length > bytes.length) break;
    const isInterrupted = (view.getUint16(at + 6, true) & dumpInterrupted) !== 0;
    const message: NetlinkMessage | undefined = isInterrupted ? { kind: 'interrupted' } : parseMessage(view.getUint16(at + 4, true), bytes.subarray(at + headerBytes, at + length));
    if (message !== undefined) messages.push(message);
    at += align(length);
  }
  return messages;
}

function parseMessage(type: number, body: Uint8Array): NetlinkMessage | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (type === messageDone) return { kind: 'done' };
  if (type === messageError) return body.length < 4 ? undefined : { kind: 'error', errno: Math.abs(view.getInt32(0, true)) };
  if (body.length < 12) return undefined;
  if (type === newLink || type === deleteLink) return body.length < 16 ? undefined : { kind: 'link', isGone: type === deleteLink, link: parseLink(view, body) };
  if (type === newRoute || type === deleteRoute) {
    const route = parseRoute(body);
    return route && { kind: 'route', isGone: type === deleteRoute, route };
  }
  if (type === newNeighbour || type === deleteNeighbour) return { kind: 'neighbour', isGone: type === deleteNeighbour, neighbour: parseNeighbour(view, body) };
  if (type === newQdisc) return body.length < 20 ? undefined : { kind: 'qdisc', qdisc: parseQdisc(view, body) };
  if (type === newFilter) return body.length < 20 ? undefined : { kind: 'filter', filter: parseFilter(view, body) };
  return undefined;
}

/** struct ifinfomsg: family, padding, type, index at 4, flags, change; then attributes. */
function parseLink(view: DataView, body: Uint8Array): Link {
  const link: Link = { ifindex: view.getInt32(4, true), name: '', kind: '' };
  for (const [type, value] of attributes(body, 16)) {
    if (type === 3) link.name = attributeText(value);
    else if (type === 5) link.peerIfindex = number32(value);
    else if (type === 10) link.master = number32(value);
    else if (type === 18) link.kind = linkKind(value);
    else if (type === 37) link.peerNamespaceId = number32(value);
  }
  return link;
}

function linkKind(linkInfo: Uint8Array): string {
  for (const [type, value] of attributes(linkInfo, 0)) if (type === 1) return attributeText(value);
  return '';
}

/** struct rtmsg: family, destination bits, source bits, tos, table, protocol, scope, type, flags; then attributes. */
function parseRoute(body: Uint8Array): Route | undefined {
  const family = ipFamily(body[0]);
  const isUnicast = body[7] === 1;
  if (family === undefined || !isUnicast || body[4] !== mainTable) return undefined;
  const route: Route = { destination: formatIp(new Uint8Array(16), family), prefixLength: body[1] ?? 0, family, ifindex: 0, hasGateway: false, isFromAddress: body[5] === 2 };
  for (const [type, value] of attributes(body, 12)) {
    if (type === 1 && value.length >= (family === 4 ? 4 : 16)) route.destination = formatIp(value, family);
    else if (type === 4) route.ifindex = number32(value);
    else if (type === 5 || type === 18) route.hasGateway = true; // RTA_GATEWAY, RTA_VIA
    else if (type === 9) readFirstHop(value, route);
  }
  return route;
}

/** RTA_MULTIPATH begins with a struct rtnexthop: length, flags, hops, ifindex; then attributes of its own. */
function readFirstHop(value: Uint8Array, route: Route): void {
  if (value.length < 8) return;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  route.ifindex = view.getInt32(4, true);
  for (const [type] of attributes(value.subarray(0, view.getUint16(0, true)), 8)) if (type === 5 || type === 18) route.hasGateway = true;
}

/** struct ndmsg: family, padding, ifindex at 4, state, flags, type; then attributes. */
function parseNeighbour(view: DataView, body: Uint8Array): Neighbour {
  const family = ipFamily(body[0]);
  const neighbour: Neighbour = { ifindex: view.getInt32(4, true) };
  for (const [type, value] of attributes(body, 12)) {
    if (type === 1 && family !== undefined && value.length >= (family === 4 ? 4 : 16)) neighbour.ip = formatIp(value, family);
    else if (type === 2) neighbour.mac = Buffer.from(value).toString('hex');
  }
  return neighbour;
}

function ipFamily(family: number | undefined): 4 | 6 | undefined {
  if (family === familyIpv4) return 4;
  return family === familyIpv6 ? 6 : undefined;
}
