import type { Flow } from '../wire/gen/flow.ts';
import { flagsOf, flowReason, portOf, sourcePortOf } from './flow-words.ts';
import { ROW_FLOW, type RowView } from './flow-rows.ts';
import { flowOfRow } from './row-flow.ts';
import type { State } from './state.ts';

/** Rows between two reports of one packet at most, and the time between them. */
const LOOKBACK_ROWS = 64;
const SAME_PACKET_MS = 250;
/** Rows of one packet at most: both ends, a verdict and what it did at each. */
const MAX_WITNESSES = 4;
/** Decoded rows kept from frame to frame. */
const MAX_DECODED = 4_096;

/** A line of the stream: a row, and the rows that tell of the same packet, seen at the other end or judged by a policy. */
export interface PacketRow {
  row: RowView;
  flow: Flow | undefined;
  others: { row: RowView; flow: Flow }[];
}

interface Decoded {
  flow: Flow | undefined;
  /** Equal for reports of the same packet; empty = stands alone. */
  packet: string;
  /** Who tells of it: two rows of one witness are two packets. */
  witness: string;
  /** Row whose line it is on; -1 = not decided yet. Stays, so that every walk through the rows finds the same lines. */
  line: number;
}

interface OpenLine {
  line: PacketRow;
  witnesses: string[];
}

const caches = new WeakMap<State, Map<number, Decoded>>();

/** The last `count` lines up to the row `bottom`, oldest first. */
export function packetRows(state: State, bottom: number, count: number): PacketRow[] {
  const from = Math.max(state.rows.first, bottom - count * MAX_WITNESSES - LOOKBACK_ROWS);
  return grouped(state, from, bottom).slice(-Math.max(0, count));
}

/** Ids of the next `count` lines after the row `after`, oldest first. */
export function packetIdsAfter(state: State, after: number, count: number): number[] {
  const to = Math.min(state.rows.next - 1, after + count * MAX_WITNESSES);
  return grouped(state, Math.max(state.rows.first, after - LOOKBACK_ROWS), to).map((line) => line.row.id).filter((id) => id > after).slice(0, count);
}

// a packet's line stands where its first report stands, so that no line moves when the other end's report comes
function grouped(state: State, from: number, to: number): PacketRow[] {
  const lines: PacketRow[] = [];
  const byId = new Map<number, OpenLine>();
  const byPacket = new Map<string, OpenLine>();
  const last = Math.min(state.rows.next - 1, to + LOOKBACK_ROWS);
  for (let id = from; id <= last; id++) {
    const row = state.rows.get(id);
    if (row === undefined) continue;
    const decoded = decodedRow(state, row);
    const found = lineOf(decoded, row, { byPacket, first: state.rows.first });
    // near the beginning of the walk the first report may be out of sight
    if (from === state.rows.first || id - from > LOOKBACK_ROWS) decoded.line = found;
    const known = byId.get(found);
    if (known !== undefined && decoded.flow !== undefined) {
      known.line.others.push({ row, flow: decoded.flow });
      known.witnesses.push(decoded.witness);
    } else if (found === id) {
      const opened: OpenLine = { line: { row, flow: decoded.flow, others: [] }, witnesses: [decoded.witness] };
      byId.set(id, opened);
      if (decoded.packet !== '') byPacket.set(decoded.packet, opened);
      if (id <= to) lines.push(opened.line);
    }
  }
  return lines;
}

function lineOf(decoded: Decoded, row: RowView, open: { byPacket: Map<string, OpenLine>; first: number }): number {
  // a line whose first row was forgotten goes on with what is left of it
  if (decoded.line >= open.first) return decoded.line;
  const known = decoded.packet === '' ? undefined : open.byPacket.get(decoded.packet);
  return known !== undefined && joins(known, row, decoded.witness) ? known.line.row.id : row.id;
}

function joins(known: OpenLine, row: RowView, witness: string): boolean {
  const first = known.line.row;
  return !known.witnesses.includes(witness) && known.witnesses.length < MAX_WITNESSES
    && row.id - first.id <= LOOKBACK_ROWS && Math.abs(row.timeMs - first.timeMs) <= SAME_PACKET_MS;
}

function decodedRow(state: State, row: RowView): Decoded {
  let cache = caches.get(state);
  if (cache === undefined || cache.size >= MAX_DECODED) {
    cache = new Map();
    caches.set(state, cache);
  }
  let decoded = cache.get(row.id);
  if (decoded === undefined) {
    decoded = decode(state, row);
    cache.set(row.id, decoded);
  }
  return decoded;
}

function decode(state: State, row: RowView): Decoded {
  const flow = row.kind === ROW_FLOW ? flowOfRow(state, row) : undefined;
  if (flow === undefined) return { flow, packet: '', witness: '', line: row.id };
  // rows outlive the segment they were read from only as text and numbers: drop what borrows its bytes
  delete flow.extensions;
  const isAlone = row.count > 1 || flow.l7 !== undefined || (flow.traffic_direction ?? 0) === 0;
  return { flow, packet: isAlone ? '' : packetOf(flow), witness: `${flow.event_type?.type ?? 0} ${flow.traffic_direction ?? 0}`, line: -1 };
}

function packetOf(flow: Flow): string {
  const { l4 } = flow;
  const icmp = l4?.ICMPv4 ?? l4?.ICMPv6;
  return [
    flow.verdict, flow.IP?.source, flow.IP?.destination, l4?.TCP !== undefined ? 'tcp' : l4?.UDP !== undefined ? 'udp' : l4?.SCTP !== undefined ? 'sctp' : 'other',
    sourcePortOf(flow), portOf(flow), flagsOf(flow), icmp?.type, icmp?.code, flow.is_reply?.value, flowReason(flow),
  ].join(' ');
}
