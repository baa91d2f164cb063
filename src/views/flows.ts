import { ROW_FLOW, ROW_GAP, ROW_NOTE } from '../model/flow-rows.ts';
import { conversationOf, seenAtEnd, type End } from '../model/conversation.ts';
import { endpointName, protocolOf, whatOf } from '../model/flow-words.ts';
import { moveLike } from '../model/like-flows.ts';
import type { Action } from '../model/messages.ts';
import { packetRows, type PacketRow } from '../model/packet-rows.ts';
import { textOfRow } from '../model/row-text.ts';
import { isColumnMove, moveColumn, moveStream, STREAM_COLUMNS, streamSubject } from '../model/stream-cursor.ts';
import type { State } from '../model/state.ts';
import { scrub } from '../lib/scrub.ts';
import type { Flow } from '../wire/gen/flow.ts';
import { HOLE } from '../screen/chart.ts';
import { clock, grouped as counted } from '../screen/format.ts';
import { exactly, left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { copyFlow, copyFlowHubble, followConnection, selectedRow, showsJson, toggleJson, writeFlowRule } from './flow-acts.ts';
import { flowDetail } from './flow-detail.ts';
import { flowJsonPage, jsonHeight } from './flow-json.ts';
import { flowSummary } from './flow-summary.ts';
import { emptyFlows } from './flows-empty.ts';
import { verdictWord } from './verdict.ts';
import type { View } from './view.ts';

const SUMMARY_ROWS = 6;

/** The scrolling stream: newest at the bottom; pausing is a position in the buffer. */
export const flows: View = {
  id: 'flows',
  title: 'Flows',
  short: 'Flow',
  digit: '2',
  footer: ['pause', 'enter', 'follow', 'source-pod', 'source-workload', 'source-namespace', 'verdict', 'protocol', 'drop-reason', 'only', 'not'],
  panels: [],
  acts: { copy: copyFlow, 'copy-hubble': copyFlowHubble, follow: followConnection, json: toggleJson, rule: writeFlowRule },
  move: moveFlows,
  subject: streamSubject,
  columnField: (state, subject) => STREAM_COLUMNS[state.stream.column]?.field(subject),
  enter(state) {
    if (state.stream.selected < 0) moveStream(state, 'up');
    state.stream.isDetailOpen = !state.stream.isDetailOpen;
    state.stream.jsonTop = -1;
  },
  close(state) {
    const { stream } = state;
    const [wasOpen, wasJson] = [stream.isDetailOpen, showsJson(state)];
    stream.jsonTop = -1;
    // one thing at a time: the JSON first
    stream.isDetailOpen = wasJson;
    return wasOpen;
  },
  render(state, size) {
    const selected = state.stream.selected >= 0 ? state.rows.get(state.stream.selected) : undefined;
    if (state.stream.isDetailOpen && selected !== undefined) return exactly((showsJson(state) ? flowJsonPage : flowDetail)(state, selected, size), size);
    const summaryRows = selected !== undefined && size.rows >= 14 ? Math.min(SUMMARY_ROWS, size.rows - 8) : 0;
    const rows = size.rows - 1 - summaryRows;
    const lines = [heading(state, size.cols), ...streamRows(state, { cols: size.cols, rows })];
    if (selected !== undefined && summaryRows > 0) lines.push(...exactly(flowSummary(state, selected, size.cols), { cols: size.cols, rows: summaryRows }));
    return exactly(lines, size);
  },
};

// in an open flow h and l lead to others like it, in its JSON the cursor keys scroll
function moveFlows(state: State, action: Action): void {
  const { stream } = state;
  if (showsJson(state)) return scrollJson(state, action);
  if (!isColumnMove(action)) return moveStream(state, action);
  if (stream.isDetailOpen) moveLike(state, action === 'column-left' ? -1 : 1);
  else moveColumn(state, action);
}

const JSON_PAGE = 10;

function scrollJson(state: State, action: Action): void {
  const row = selectedRow(state);
  const last = row === undefined ? 0 : jsonHeight(state, row) - 1;
  const step = isColumnMove(action) ? 0 : action === 'first' ? -Infinity : action === 'last' ? Infinity : (/up/.test(action) ? -1 : 1) * (/page|half/.test(action) ? JSON_PAGE : 1);
  state.stream.jsonTop = Math.max(0, Math.min(last, state.stream.jsonTop + step));
}

/** Rows of the stream a page of this size holds; the model moves the cursor by it. */
export function streamPageRows(state: State, bodyRows: number): number {
  return Math.max(1, bodyRows - 1 - (state.stream.selected >= 0 && bodyRows >= 14 ? Math.min(SUMMARY_ROWS, bodyRows - 8) : 0));
}

interface Widths {
  time: number;
  verdict: number;
  source: number;
  destination: number;
  port: number;
  protocol: number;
  what: number;
  node: number;
}

function widths(cols: number): Widths {
  if (cols < 110) {
    const names = cols - 42;
    return { time: 8, verdict: 6, source: Math.floor(names / 2), destination: Math.ceil(names / 2), port: 5, protocol: 0, what: 14, node: 0 };
  }
  const rest = cols - 2 - 13 - 7 - 6 - 6 - 12;
  const what = Math.floor(rest * 0.25);
  const names = rest - what;
  return { time: 12, verdict: 6, source: Math.floor(names / 2) - 1, destination: Math.ceil(names / 2) - 2, port: 5, protocol: 5, what, node: 12 };
}

function heading(state: State, cols: number): Line {
  const w = widths(cols);
  const titles: [string, number, boolean][] = [
    ['VERDICT', w.verdict, false], ['SOURCE', w.source, false], ['DESTINATION', w.destination + 2, false], ['PORT', w.port, true],
    ['PROTO', w.protocol, false], ['WHY', w.what, false], ['NODE', w.node, false],
  ];
  const pieces: Piece[] = ['  ', [left('TIME Z', w.time), 'dim']];
  titles.forEach(([title, width, isNumber], i) => {
    if (width === 0) return;
    const isCurrent = state.stream.selected >= 0 && STREAM_COLUMNS[state.stream.column]?.title === STREAM_COLUMNS[i]?.title;
    const name = title === 'VERDICT' ? 'VERD' : title === 'WHY' ? 'WHY / WHAT' : title;
    pieces.push(' ', [isNumber ? right(name, width) : left(name, width), isCurrent ? 'accent' : 'dim']);
  });
  return line(cols, pieces);
}

function streamRows(state: State, size: Size): Line[] {
  const { rows, stream } = state;
  const bottom = stream.bottom >= 0 ? Math.min(stream.bottom, rows.next - 1) : rows.next - 1;
  if (bottom < rows.first) return [line(size.cols, []), ...emptyFlows(state, size.cols)];
  const packets = packetRows(state, bottom, size.rows);
  let previous = '';
  const lines = packets.map((packet) => {
    const made = rowLine(state, packet, { cols: size.cols, previous, isSelected: packet.row.id === stream.selected });
    previous = made.connection;
    return made.line;
  });
  // nothing but our own notes on the page
  return packets.some((packet) => packet.row.kind === ROW_FLOW) ? lines : [...lines, line(size.cols, []), ...emptyFlows(state, size.cols)];
}

interface RowShape {
  cols: number;
  /** Connection of the line above. */
  previous: string;
  isSelected: boolean;
}

interface MadeLine {
  line: Line;
  connection: string;
}

function rowLine(state: State, packet: PacketRow, shape: RowShape): MadeLine {
  const { cols } = shape;
  const { row, flow } = packet;
  const fill = shape.isSelected ? 'selected' : undefined;
  const marker: Piece = shape.isSelected ? ['► ', 'accent'] : '  ';
  if (row.kind === ROW_GAP) {
    const words = ` ${HOLE}${HOLE} ${clock(row.timeMs)}  ${textOfRow(row)} `;
    return { line: line(cols, [[words, 'warn'], [HOLE.repeat(Math.max(0, cols - words.length - 1)), 'gap']], fill), connection: '' };
  }
  if (row.kind === ROW_NOTE) return { line: line(cols, [marker, [`── ${textOfRow(row)} ──`, 'dim']], fill), connection: '' };
  if (flow === undefined) return { line: line(cols, [marker, [`${clock(row.timeMs, true)} not readable`, 'warn']], fill), connection: '' };
  return flowLine(state, { packet, flow, marker, ...shape });
}

// what does not fit loses first what the other side says already
function withoutNamespace(name: string, other: string, width: number): string {
  const slash = name.indexOf('/') + 1;
  return name.length > width && slash > 0 && other.startsWith(name.slice(0, slash)) ? name.slice(slash) : name;
}

function flowLine(state: State, shape: RowShape & { packet: PacketRow; flow: Flow; marker: Piece }): MadeLine {
  const { packet, flow, cols } = shape;
  const { row } = packet;
  const w = widths(cols);
  const verdict = verdictWord(row.verdict);
  const { client, server, isReply } = conversationOf(flow);
  const name = state.showsAddresses ? addressText : nameText;
  const from = name(client);
  const to = withoutNamespace(name(server), from, w.destination);
  const isReset = flow.l4?.TCP?.flags?.RST === true && row.verdict !== 2;
  const what = `${isReset ? '▲ ' : ''}${whatOf(flow, state.isRevealed)}${row.count > 1 ? ` ×${counted(row.count)}` : ''}`;
  const connection = `${client.ip} ${client.port} ${server.ip} ${server.port} ${protocolOf(flow)}`;
  // what the line above says already steps back
  const nameRole = connection === shape.previous && !shape.isSelected ? 'dim' : 'text';
  const pieces: Piece[] = [
    shape.marker, [left(clock(row.timeMs, w.time > 8), w.time), 'dim'], ' ', [left(verdict.word, w.verdict), verdict.role], ' ',
    [left(middle(from, w.source), w.source), nameRole], [arrow(packet, flow, isReply), 'dim'], [left(middle(to, w.destination), w.destination), nameRole],
    ' ', [right(server.port > 0 ? String(server.port) : '-', w.port), nameRole], ' ',
  ];
  if (w.protocol > 0) pieces.push([left(protocolOf(flow), w.protocol), 'dim'], ' ');
  pieces.push([left(what, w.what), isReset ? 'warn' : verdict.role === 'good' ? 'dim' : verdict.role]);
  if (w.node > 0) pieces.push(' ', [left(nodesText(state, packet), w.node - 1), 'dim']);
  return { line: line(cols, pieces, shape.isSelected ? 'selected' : undefined), connection };
}

function nameText({ endpoint, ip, names }: End): string {
  return endpointName(endpoint, ip, names);
}

// the identity is what policies are about; as short as can be, since half of a number is another number
function addressText({ endpoint, ip }: End): string {
  const address = scrub(ip, 45) || 'no address';
  const identity = endpoint?.identity ?? 0;
  return identity === 0 ? address : `${address} #${identity}`;
}

// a dot at each end that reported the packet
function arrow(packet: PacketRow, flow: Flow, isReply: boolean): string {
  const ends = [flow, ...packet.others.map((other) => other.flow)].map(seenAtEnd);
  return `${ends.includes('client') ? '·' : ' '}${isReply ? '←' : '→'}${ends.includes('server') ? '·' : ' '}`;
}

// `node-01+02`: the second name without what it shares with the first
function nodesText(state: State, packet: PacketRow): string {
  const first = state.nodeNames.get(packet.row.node);
  const second = packet.others.map((other) => state.nodeNames.get(other.row.node)).find((name) => name !== first);
  if (second === undefined) return first;
  const shared = first.lastIndexOf('-') + 1;
  return `${first}+${shared > 0 && second.startsWith(first.slice(0, shared)) ? second.slice(shared) : second}`;
}
