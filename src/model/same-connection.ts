import { enumName } from '../wire/codec.ts';
import { TraceObservationPointEnum, type Flow } from '../wire/gen/flow.ts';
import { conversationOf } from './conversation.ts';
import type { RowView } from './flow-rows.ts';
import { flagsOf, protocolOf } from './flow-words.ts';
import { flowOfRow } from './row-flow.ts';
import { pairOfMark } from './row-mark.ts';
import type { State } from './state.ts';

/** Reports of the pair looked at on each side of a flow, and how far from it in time. */
const MAX_LOOKED_AT = 250;
const MAX_DISTANCE_MS = 60_000;
/** Reports of one packet lie this close. */
const SAME_PACKET_MS = 250;
const DROPPED = 2;
const EGRESS = 2;
const POLICY_VERDICT = 5;

/** One packet of a connection, however many points reported it. */
export interface PacketReport {
  /** Rows that tell of it. */
  ids: number[];
  timeMs: number;
  nodes: string[];
  /** Where it was seen, such as from-endpoint; in the order of the reports. */
  points: string[];
  /** TCP flags, or the protocol. */
  what: string;
  isReply: boolean;
  verdict: number;
  /** The same SYN sent again. */
  isRetry: boolean;
  /** Dropped where it was sent: it never left. */
  isAtSource: boolean;
}

/** The packets of a flow's connection that are in the buffer, in the order of time. */
export interface SameConnection {
  packets: PacketReport[];
  /** The client asked more than once, and no answer was seen. */
  isUnanswered: boolean;
}

interface Cache {
  id: number;
  second: number;
  found: SameConnection;
}

const caches = new WeakMap<State, Cache>();

/** What else was reported of a flow's connection, as far as the buffer reaches; looked up once a second. */
export function sameConnection(state: State, row: RowView, flow: Flow): SameConnection {
  const second = Math.floor(state.nowMs / 1000);
  const known = caches.get(state);
  if (known !== undefined && known.id === row.id && known.second === second) return known.found;
  const found = find(state, row, flow);
  caches.set(state, { id: row.id, second, found });
  return found;
}

function find(state: State, row: RowView, flow: Flow): SameConnection {
  // one that stands for many is of many connections
  if (row.count > 1) return { packets: [], isUnanswered: false };
  const pair = pairOfMark(row.mark);
  const isOfPair = (mark: number): boolean => pairOfMark(mark) === pair;
  const before = state.rows.idsWhere({ from: row.id - 1, step: -1, count: MAX_LOOKED_AT }, isOfPair).toReversed();
  const after = state.rows.idsWhere({ from: row.id + 1, step: 1, count: MAX_LOOKED_AT }, isOfPair);
  const wanted = connectionOf(flow);
  const packets: PacketReport[] = [];
  for (const id of [...before, row.id, ...after]) {
    const other = state.rows.get(id);
    const its = other === undefined || Math.abs(other.timeMs - row.timeMs) > MAX_DISTANCE_MS ? undefined : flowOfRow(state, other);
    if (other !== undefined && its !== undefined && other.count <= 1 && connectionOf(its) === wanted) addReport(packets, reportOf(state, other, its));
  }
  packets.sort((one, other) => one.timeMs - other.timeMs);
  markRetries(packets);
  return { packets, isUnanswered: packets.some((packet) => packet.isRetry) && !packets.some((packet) => packet.isReply) };
}

function connectionOf(flow: Flow): string {
  const { client, server } = conversationOf(flow);
  return `${client.ip} ${client.port} ${server.ip} ${server.port} ${flow.l4?.TCP === undefined ? protocolOf(flow) : 'TCP'}`;
}

function reportOf(state: State, row: RowView, flow: Flow): PacketReport {
  return {
    ids: [row.id], timeMs: row.timeMs, nodes: [state.nodeNames.get(row.node)], points: [pointOf(flow)], what: flagsOf(flow) || protocolOf(flow),
    isReply: flow.is_reply?.value === true, verdict: row.verdict, isRetry: false, isAtSource: row.verdict === DROPPED && flow.traffic_direction === EGRESS,
  };
}

function pointOf(flow: Flow): string {
  if (flow.event_type?.type === POLICY_VERDICT) return 'policy verdict';
  const point = flow.trace_observation_point ?? 0;
  return point === 0 ? '' : enumName(TraceObservationPointEnum, point).toLowerCase().replaceAll('_', '-');
}

// a packet passes several points: they report it within moments, with the same flags and the same fate
function addReport(packets: PacketReport[], report: PacketReport): void {
  const same = packets.find((packet) => Math.abs(packet.timeMs - report.timeMs) <= SAME_PACKET_MS && packet.what === report.what && packet.isReply === report.isReply
    && packet.verdict === report.verdict && (!packet.nodes.includes(report.nodes[0] ?? '') || !packet.points.includes(report.points[0] ?? '')));
  if (same === undefined) return void packets.push(report);
  for (const node of report.nodes) if (!same.nodes.includes(node)) same.nodes.push(node);
  for (const point of report.points) if (!same.points.includes(point)) same.points.push(point);
  same.ids.push(...report.ids);
  same.timeMs = Math.min(same.timeMs, report.timeMs);
  same.isAtSource ||= report.isAtSource;
}

function markRetries(packets: readonly PacketReport[]): void {
  let firstMs: number | undefined;
  for (const packet of packets) {
    if (packet.what !== 'SYN' || packet.isReply) continue;
    // what was sent on at one point and dropped at the next is one packet
    packet.isRetry = firstMs !== undefined && packet.timeMs - firstMs > SAME_PACKET_MS;
    firstMs ??= packet.timeMs;
  }
}
