import { type Mapping, mappingAt, mappingsAt, ShapeError, textAt } from './object-reader.ts';
import type { IcmpType, PortRange } from '../policy/policy.ts';

const PROTOCOLS: Readonly<Record<string, number>> = { ANY: 0, TCP: 6, UDP: 17, SCTP: 132 };
const MAX_PORT = 65_535;
const PORT_NAME = /^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/;

/** Reads `port`, `endPort` and `protocol`; `absent` is the protocol where none is given. Throws ShapeError that names the field below `path`. */
export function readPort(object: Mapping, path: string, absent: 'ANY' | 'TCP'): PortRange {
  const protocolName = (textAt(object, 'protocol') || absent).toUpperCase();
  const protocol = PROTOCOLS[protocolName];
  if (protocol === undefined) throw new ShapeError(`${path}.protocol "${textAt(object, 'protocol')}" is none of TCP, UDP, SCTP, ANY`);
  const text = textAt(object, 'port');
  const end = textAt(object, 'endPort');
  // nothing, or 0, stands for every port
  if (text === '' || text === '0') {
    if (end !== '' && end !== '0') throw new ShapeError(`${path}.endPort needs a port to begin with`);
    return { protocol, first: 0, last: MAX_PORT, name: '' };
  }
  if (!/^\d+$/.test(text)) {
    if (!PORT_NAME.test(text) || !/[a-z]/.test(text)) throw new ShapeError(`${path}.port "${text.slice(0, 40)}" is neither a number nor the name of a port`);
    if (end !== '' && end !== '0') throw new ShapeError(`${path}.endPort does not go with a port's name`);
    return { protocol, first: 0, last: 0, name: text };
  }
  const first = portNumber(text, `${path}.port`);
  const last = end === '' || end === '0' ? first : portNumber(end, `${path}.endPort`);
  if (last < first) throw new ShapeError(`${path}.endPort ${last} is below the port ${first}`);
  return { protocol, first, last, name: '' };
}

function portNumber(text: string, path: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 1 && port <= MAX_PORT)) throw new ShapeError(`${path} ${text.slice(0, 40)} is no port: expected 1 to ${MAX_PORT}`);
  return port;
}

/** Ports of a Cilium rule with the parser that each asks for, and the first of these: empty = none. */
export function readToPorts(rule: Mapping, path: string): { ports: PortRange[] | undefined; parser: string } {
  if (rule['toPorts'] === undefined || rule['toPorts'] === null) return { ports: undefined, parser: '' };
  let parser = '';
  const ports = mappingsAt(rule, 'toPorts').flatMap((entry, i) => {
    const at = `${path}.toPorts[${i}]`;
    const rules = mappingAt(entry, 'rules');
    const own = ['http', 'dns', 'kafka'].find((name) => rules[name] !== undefined && rules[name] !== null) ?? textAt(rules, 'l7proto');
    parser ||= own;
    const list = mappingsAt(entry, 'ports').map((port, j) => readPort(port, `${at}.ports[${j}]`, 'ANY'));
    const ranges: PortRange[] = list.length === 0 ? [{ protocol: 0, first: 0, last: MAX_PORT, name: '' }] : list;
    return own === '' ? ranges : ranges.map((range) => ({ ...range, parser: own }));
  });
  return { ports, parser };
}

const ICMP_TYPES: Readonly<Record<string, readonly [v4: number, v6: number]>> = {
  EchoReply: [0, 129], DestinationUnreachable: [3, 1], EchoRequest: [8, 128], TimeExceeded: [11, 3], ParameterProblem: [12, 4], RouterSolicitation: [10, 133], RouterAdvertisement: [9, 134],
};

/** ICMP messages of a Cilium rule. */
export function readIcmps(rule: Mapping, path: string): IcmpType[] | undefined {
  if (rule['icmps'] === undefined || rule['icmps'] === null) return undefined;
  return mappingsAt(rule, 'icmps').flatMap((entry, i) => mappingsAt(entry, 'fields').map((field, j): IcmpType => {
    const at = `${path}.icmps[${i}].fields[${j}]`;
    const familyName = textAt(field, 'family') || 'IPv4';
    if (familyName !== 'IPv4' && familyName !== 'IPv6') throw new ShapeError(`${at}.family "${familyName}" is neither IPv4 nor IPv6`);
    const family = familyName === 'IPv4' ? 4 : 6;
    const text = textAt(field, 'type');
    const type = /^\d{1,3}$/.test(text) ? Number(text) : ICMP_TYPES[text]?.[family === 4 ? 0 : 1];
    if (type === undefined || type > 255) throw new ShapeError(`${at}.type "${text}" is no type of ICMP that is known`);
    return { family, type };
  }));
}
