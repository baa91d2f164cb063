import { dropOfFlow } from '../detect/drop-of-flow.ts';
import { explainDrop } from '../detect/explain-drop.ts';
import { changeText, changeWord } from '../model/change-words.ts';
import type { Chip, ChipField } from '../model/chips.ts';
import type { RowView } from '../model/flow-rows.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { chipRate } from '../model/like-flows.ts';
import { sameConnection, type PacketReport } from '../model/same-connection.ts';
import type { State } from '../model/state.ts';
import { streamSubject } from '../model/stream-cursor.ts';
import type { Flow } from '../wire/gen/flow.ts';
import { clock, count } from '../screen/format.ts';
import { left, line, middle, type Line, type Piece } from '../screen/line.ts';
import { verdictWord } from './verdict.ts';

/** From here on a section has more room. */
const WIDE = 110;
const DROPPED = 2;

/** SAME CONNECTION: its packets around this one, each once. */
export function connectionLines(state: State, row: RowView, shape: { flow: Flow; cols: number; rows: number }): Line[] {
  const { packets } = sameConnection(state, row, shape.flow);
  const at = Math.max(0, packets.findIndex((packet) => packet.ids.includes(row.id)));
  // the page is about this packet: it stays in sight
  const top = Math.max(0, Math.min(packets.length - shape.rows, at - (shape.rows >> 1)));
  if (packets.length === 0) return [line(shape.cols, [['  this flow stands for many: it is of no single connection', 'dim']])];
  const shown = packets.slice(top, top + shape.rows);
  return shown.map((packet, i) => packetLine(packet, { cols: shape.cols, isThis: top + i === at }));
}

function packetLine(packet: PacketReport, look: { cols: number; isThis: boolean }): Line {
  const isWide = look.cols >= WIDE;
  const verdict = verdictWord(packet.verdict);
  const places = packet.nodes.join('+');
  const points = packet.points.filter((point) => point !== '').join(', ');
  const what = `${packet.isReply ? '← ' : '→ '}${packet.what}${packet.isRetry ? ' again' : ''}`;
  const fate = packet.verdict === DROPPED ? (packet.isAtSource ? 'dropped here, never left the pod' : 'dropped at the destination') : '';
  const pieces: Piece[] = [
    look.isThis ? ['►', 'accent'] : ' ', [left(clock(packet.timeMs, true), 13), look.isThis ? 'text' : 'dim'], [left(places, isWide ? 18 : 9), 'dim'],
    ...(isWide ? [[left(points, 30), 'dim'] as Piece] : []), [left(what, isWide ? 16 : 13), 'text'], [left(verdict.word, 7), verdict.role], [fate, packet.verdict === DROPPED ? 'bad' : 'dim'],
  ];
  return line(look.cols, pieces);
}

const PIVOTS: readonly { key: string; field: ChipField; long: string; short: string }[] = [
  { key: 'p', field: 'from-pod', long: 'source pod', short: 'pod' }, { key: 'P', field: 'to-pod', long: 'dest. pod', short: 'dst pod' },
  { key: 'w', field: 'from-workload', long: 'source workload', short: 'src' }, { key: 'W', field: 'to-workload', long: 'dest. workload', short: 'dst' },
  { key: 'n', field: 'from-namespace', long: 'source ns', short: 'ns' }, { key: 'N', field: 'to-namespace', long: 'dest. ns', short: 'dst ns' },
  { key: 'd', field: 'drop-reason', long: 'this reason', short: 'reason' }, { key: 'v', field: 'verdict', long: 'verdict', short: 'verdict' },
  { key: 'o', field: 'protocol', long: 'protocol', short: 'proto' }, { key: '#', field: 'port', long: 'port', short: 'port' }, { key: '@', field: 'node', long: 'node', short: 'node' },
];
/** Pivots where there is one line for all of them. */
const SHORT_ROW: readonly ChipField[] = ['from-workload', 'to-workload', 'drop-reason', 'port', 'node', 'verdict', 'from-namespace', 'to-namespace', 'from-pod', 'to-pod', 'protocol'];

/** Rows the pivots of the selected flow take. */
export function likeRows(state: State, cols: number): number {
  const subject = streamSubject(state);
  return cols < WIDE ? 1 : Math.ceil(PIVOTS.filter(({ field }) => (subject[field] ?? '') !== '').length / 4);
}

/** LIKE THIS: what each pivot would bring, a second, as far as somebody counts it. */
export function likeLines(state: State, cols: number, rows: number): Line[] {
  const subject = streamSubject(state);
  const isWide = cols >= WIDE;
  const known = PIVOTS.flatMap((pivot) => {
    const value = subject[pivot.field];
    return value === undefined || value === '' ? [] : [{ ...pivot, rate: chipRate(state, { field: pivot.field, value, isNegated: false }), value }];
  });
  if (!isWide) return [shortRow(known, cols)];
  const width = Math.floor((cols - 3) / 4);
  const cells = known.map((pivot): Piece[] => [[`${pivot.key} `, 'accent'], [left(nameOf(pivot), width - 11), 'text'], [left(pivot.rate === undefined ? '' : `${count(pivot.rate)}/s`, 9), 'dim']]);
  return Array.from({ length: Math.min(rows, Math.ceil(cells.length / 4)) }, (_, row) => line(cols, ['   ', ...cells.slice(row * 4, row * 4 + 4).flat()]));
}

function nameOf({ field, long, value }: { field: ChipField; long: string; value: string }): string {
  return ['verdict', 'protocol', 'port', 'node'].includes(field) ? `${long} ${value}` : long;
}

function shortRow(known: readonly { key: string; field: ChipField; short: string; rate: number | undefined }[], cols: number): Line {
  const pieces: Piece[] = [' '];
  let room = cols - 1;
  for (const field of SHORT_ROW) {
    const pivot = known.find((candidate) => candidate.field === field);
    if (pivot === undefined) continue;
    const text = `${pivot.short}${pivot.rate === undefined ? '' : ` ${count(pivot.rate)}/s`}  `;
    if (text.length + 2 > room) continue;
    room -= text.length + 2;
    pieces.push([`${pivot.key} `, 'accent'], [text, 'text']);
  }
  return line(cols, pieces);
}

/** Changes told around a flow reach so far back and forth. */
const [BEFORE_MS, AFTER_MS] = [300_000, 60_000];

/** Something that happened around a flow. */
interface Event {
  timeMs: number;
  word: string;
  text: string;
  /** In a few words, where all events share a line. */
  short: string;
}

/** What was told to change near a flow, and when its drops began; oldest first. */
function eventsAround(state: State, row: RowView, flow: Flow): Event[] {
  const drop = dropOfFlow(state, row, flow);
  const firstMs = drop === undefined ? undefined : state.firstSeenMs.get(`drop ${drop.key}`);
  const around = firstMs ?? row.timeMs;
  const changes = state.changes.between(around - BEFORE_MS, around + AFTER_MS).map((entry): Event => ({
    timeMs: entry.timeMs, word: changeWord(entry), text: changeText(entry), short: entry.kind.startsWith('policy-') ? `${entry.subject}${entry.revision > 0 ? ` rev ${entry.revision}` : ''}` : `${changeWord(entry)} ${entry.subject}`,
  }));
  const first: Event[] = firstMs === undefined || !Number.isFinite(firstMs) ? [] : [{ timeMs: firstMs, word: FIRST_DROP, text: 'of this pair and reason', short: FIRST_DROP }];
  return [...changes, ...first].toSorted((one, other) => one.timeMs - other.timeMs);
}

const FIRST_DROP = 'first drop';

/** How many rows WHAT CHANGED AROUND IT would fill. */
export function changeRows(state: State, row: RowView, flow: Flow): number {
  return eventsAround(state, row, flow).length;
}

/** WHAT CHANGED AROUND IT: the last that fit; on one line all that fit, in few words. */
export function changeLines(state: State, row: RowView, shape: { flow: Flow; cols: number; rows: number }): Line[] {
  const { cols, rows } = shape;
  const events = eventsAround(state, row, shape.flow);
  if (rows === 1 && events.length > 1) return [joinedLine(events, cols)];
  return events.slice(Math.max(0, events.length - rows)).map(({ timeMs, word, text }) => line(cols, ['  ', [left(clock(timeMs), 9), 'dim'], [left(word, 17), word === FIRST_DROP ? 'bad' : 'title'], middle(text, cols - 29)]));
}

function joinedLine(events: readonly Event[], cols: number): Line {
  const texts = events.map(({ timeMs, short }) => `${clock(timeMs)} ${short}`);
  // the newest matter most
  while (texts.length > 1 && texts.join('   ').length > cols - 2) texts.shift();
  return line(cols, ['  ', texts.join('   ')]);
}

/** Commands for a flow: what its drop asks for next, and its connection with hubble. */
export function nextCommands(state: State, row: RowView, flow: Flow): string[] {
  const drop = dropOfFlow(state, row, flow);
  const hubble = hubbleCommand(connectionChips(state)).line;
  return [...(drop === undefined ? [] : explainDrop(state, drop).next.slice(0, 2)), hubble];
}

/** Conditions that let through the conversation of the selected row: pods where there are any, else workloads. */
export function connectionChips(state: State): Chip[] {
  const subject = streamSubject(state);
  const end = (side: 'from' | 'to'): ChipField => (subject[`${side}-pod`] === undefined ? `${side}-workload` : `${side}-pod`);
  return [end('from'), end('to'), 'port' as const].flatMap((field): Chip[] => {
    const value = subject[field];
    return value === undefined || value === '' ? [] : [{ field, value, isNegated: false }];
  });
}
