import type { Connection, ConnectionEnd, KnownAddress, KnownService, PolicyEntryRow } from '../../agent/kernel/table-rows.ts';
import { scrub } from '../lib/scrub.ts';
import { grouped } from '../screen/format.ts';

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMP6', 132: 'SCTP' };
const VERDICTS: Readonly<Record<number, string>> = { 1: 'FORWARDED', 2: 'DROPPED', 4: 'AUDIT' };
const NAME_CELLS = 120;
/** Backends of a service on a line. */
const SHOWN_BACKENDS = 4;

/** A row of a table, as data and as the cells of a line. */
export interface TableRow {
  data: Record<string, unknown>;
  cells: string[];
}

/** Heads of the columns; rows come one by one, so that a column is as wide as its head. */
export const CT_HEAD: readonly string[] = ['PROTO', 'WAY    ', 'CLIENT               ', 'SERVER               ', 'STATE      ', 'AGE   ', 'IDLE  ', 'VERDICT  ', 'DEVICE     ', 'NOT YET TOLD', 'WHO'];
export const ENDPOINTS_HEAD: readonly string[] = ['ADDRESS              ', 'VERSION', 'LABELS', 'WHERE    ', 'DEVICE     ', 'WHO'];

export const SERVICES_HEAD: readonly string[] = ['PROTO', 'ADDRESS              ', 'NUMBER', 'SOCKETS  ', 'WHO                           ', 'BACKENDS'];

export const POLICY_HEAD: readonly string[] = ['ENDPOINT                      ', 'WAY    ', 'SAYS        ', 'PROTO', 'PORT       ', 'POLICY', 'L7   ', 'PEER'];

/** What a row is read with: names by address, devices by their number or by the endpoint behind them. */
export interface RowContext {
  names: ReadonlyMap<string, string>;
  deviceOf(number: number): string | undefined;
}

/** A connection as the datapath tracks it, at a second of CLOCK_BOOTTIME. */
export function connectionRow(row: Connection, { names, deviceOf, nowS }: RowContext & { nowS: number }): TableRow {
  const { protocol, direction, client, server, ifindex, state, isMidStream, verdict, policy, service, parser } = row;
  const [ageS, idleS] = [Math.max(0, nowS - row.createdS), Math.max(0, nowS - row.seenS)];
  const device = deviceOf(ifindex);
  const proto = PROTOCOLS[protocol] ?? String(protocol);
  const packets = client.packets + server.packets;
  return {
    data: {
      protocol: proto, direction, client: endData(client, names), server: endData(server, names), state: state || null, age_s: ageS, idle_s: idleS, mid_stream: isMidStream,
      verdict: VERDICTS[verdict] ?? null, policy, service, parser: parser || null, ifindex, device: device ?? null,
    },
    cells: [
      proto, direction, endText(client), endText(server), `${state || '-'}${isMidStream ? '*' : ''}`, span(ageS), span(idleS), VERDICTS[verdict] ?? '-', scrub(device ?? `#${ifindex}`, 16),
      packets === 0 ? '-' : `${grouped(packets)} pkts`, `${nameText(client, names)} > ${nameText(server, names)}`,
    ],
  };
}

/** Whose an address is. */
export function addressRow({ ip, ref, labels, isLocal }: KnownAddress, { names, deviceOf }: RowContext): TableRow {
  const device = deviceOf(ref);
  const name = names.get(ip);
  return {
    data: { ip, version: ref, labels, is_local: isLocal, device: device ?? null, name: name ?? null },
    cells: [ip, String(ref), String(labels), isLocal ? 'here' : 'elsewhere', scrub(device ?? '-', 16), scrub(name ?? '-', NAME_CELLS)],
  };
}

function endData({ ip, port, ref, labels, packets, segments, bytes }: ConnectionEnd, names: ReadonlyMap<string, string>): Record<string, unknown> {
  return { ip, port, name: names.get(ip) ?? null, version: ref, labels, untold: { packets, segments, bytes } };
}

/** An address of a service, and what stands behind it. */
export function serviceRow({ ip, port, protocol, service, isTranslated, backendCount, backends }: KnownService, names: ReadonlyMap<string, string>): TableRow {
  const proto = PROTOCOLS[protocol] ?? String(protocol);
  const name = names.get(ip);
  const shown = backends.slice(0, SHOWN_BACKENDS);
  return {
    data: { ip, port, protocol: proto, name: name ?? null, service, is_translated: isTranslated, backend_count: isTranslated ? backendCount : null, backends },
    cells: [
      proto, endText({ ip, port }), String(service), isTranslated ? 'translate' : 'observe', scrub(name ?? '-', NAME_CELLS),
      !isTranslated ? 'not sent anywhere' : backendCount === 0 ? 'none: refused' : `${shown.join(' ')}${backendCount > shown.length ? ` and ${grouped(backendCount - shown.length)} more` : ''}`,
    ],
  };
}

/** What policies say of a peer and a port at one endpoint; `nameOf` gives the name of a label set. */
export function policyRow(labels: number, { direction, peer, protocol, ports, says, policy, parser }: PolicyEntryRow, nameOf: (labels: number) => string | undefined): TableRow {
  const proto = protocol === undefined ? null : (PROTOCOLS[protocol] ?? String(protocol));
  const who = (set: number): string => scrub(nameOf(set) ?? (set === 0 ? 'world' : `labels ${set}`), NAME_CELLS);
  return {
    data: { labels, name: nameOf(labels) ?? null, direction, peer_labels: peer ?? null, peer_name: peer === undefined ? null : (nameOf(peer) ?? null), protocol: proto, ports: ports ?? null, says, policy, parser: parser || null },
    cells: [who(labels), direction, says, proto ?? 'any', ports === undefined ? 'any' : ports.first === ports.last ? String(ports.first) : `${ports.first}-${ports.last}`, policy === 0 ? '-' : String(policy), parser || '-', peer === undefined ? 'anybody else' : who(peer)],
  };
}

function endText({ ip, port }: Pick<ConnectionEnd, 'ip' | 'port'>): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

// the world has no labels; a number is the agent's own
function nameText({ ip, labels }: ConnectionEnd, names: ReadonlyMap<string, string>): string {
  return scrub(names.get(ip) ?? (labels === 0 ? 'world' : `labels ${labels}`), NAME_CELLS);
}

function span(seconds: number): string {
  if (seconds < 120) return `${seconds}s`;
  return seconds < 7_200 ? `${Math.floor(seconds / 60)}m` : seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
