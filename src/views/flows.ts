import { ROW_GAP, ROW_NOTE, type RowView } from '../model/flow-rows.ts';
import { endpointName, portOf, protocolOf, whatOf } from '../model/flow-words.ts';
import { flowOfRow } from '../model/row-flow.ts';
import { textOfRow } from '../model/row-text.ts';
import { STREAM_COLUMNS } from '../model/stream-cursor.ts';
import type { State } from '../model/state.ts';
import type { Flow } from '../wire/gen/flow.ts';
import { HOLE } from '../screen/chart.ts';
import { clock, grouped } from '../screen/format.ts';
import { exactly, left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { flowDetail, flowSummary } from './flow-detail.ts';
import { verdictWord } from './verdict.ts';
import type { View } from './view.ts';

const SUMMARY_ROWS = 6;

/** The scrolling stream: newest at the bottom; pausing is a position in the buffer. */
export const flows: View = {
  id: 'flows',
  title: 'Flows',
  short: 'Flows',
  footer: ['pause', 'enter', 'source-pod', 'source-workload', 'source-namespace', 'verdict', 'protocol', 'drop-reason', 'only', 'not'],
  render(state, size) {
    const selected = state.stream.selected >= 0 ? state.rows.get(state.stream.selected) : undefined;
    if (state.stream.isDetailOpen && selected !== undefined) return exactly(flowDetail(state, selected, size), size);
    const summaryRows = selected !== undefined && size.rows >= 14 ? Math.min(SUMMARY_ROWS, size.rows - 8) : 0;
    const rows = size.rows - 1 - summaryRows;
    const lines = [heading(state, size.cols), ...streamRows(state, { cols: size.cols, rows })];
    if (selected !== undefined && summaryRows > 0) lines.push(...exactly(flowSummary(state, selected, size.cols), { cols: size.cols, rows: summaryRows }));
    return exactly(lines, size);
  },
};

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
  const rest = cols - 2 - 13 - 7 - 6 - 6 - 9;
  const what = Math.floor(rest * 0.22);
  const names = rest - what;
  return { time: 12, verdict: 6, source: Math.floor(names / 2) - 1, destination: Math.ceil(names / 2) - 2, port: 5, protocol: 5, what, node: 9 };
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
  const top = Math.max(rows.first, bottom - size.rows + 1);
  if (bottom < top) return [line(size.cols, []), ...emptyStream(state, size.cols)];
  const lines: Line[] = [];
  let previous = '';
  for (let id = top; id <= bottom; id++) {
    const row = rows.get(id);
    if (row === undefined) continue;
    const made = rowLine(state, row, { cols: size.cols, previous, isSelected: id === stream.selected });
    previous = made.connection;
    lines.push(made.line);
  }
  return lines;
}

function emptyStream(state: State, cols: number): Line[] {
  const words = state.flows.error !== ''
    ? `the flow stream failed: ${state.flows.error}`
    : state.chips.length > 0 ? 'no flow has passed this filter yet' : 'no flow yet';
  const hint = state.chips.length > 0 ? '   b takes the last chip back, x clears all' : '';
  return [line(cols, ['   ', [words, state.flows.error === '' ? 'dim' : 'warn']]), line(cols, [[hint, 'dim']])];
}

function rowLine(state: State, row: RowView, shape: { cols: number; previous: string; isSelected: boolean }): { line: Line; connection: string } {
  const { cols } = shape;
  const fill = shape.isSelected ? 'selected' : undefined;
  const marker: Piece = shape.isSelected ? ['► ', 'accent'] : '  ';
  if (row.kind === ROW_GAP) {
    const words = ` ${HOLE}${HOLE} ${clock(row.timeMs)}  ${textOfRow(row)} `;
    return { line: line(cols, [[words, 'warn'], [HOLE.repeat(Math.max(0, cols - words.length - 1)), 'gap']], fill), connection: '' };
  }
  if (row.kind === ROW_NOTE) return { line: line(cols, [marker, [`── ${textOfRow(row)} ──`, 'dim']], fill), connection: '' };
  const flow = flowOfRow(state, row);
  if (flow === undefined) return { line: line(cols, [marker, [`${clock(row.timeMs, true)} not readable`, 'warn']], fill), connection: '' };
  return flowLine(state, { row, flow, marker, ...shape });
}

// what does not fit loses first what the other side says already
function withoutNamespace(name: string, other: string, width: number): string {
  const slash = name.indexOf('/') + 1;
  return name.length > width && slash > 0 && other.startsWith(name.slice(0, slash)) ? name.slice(slash) : name;
}

function flowLine(state: State, shape: { row: RowView; flow: Flow; marker: Piece; cols: number; previous: string; isSelected: boolean }): { line: Line; connection: string } {
  const { row, flow, cols } = shape;
  const w = widths(cols);
  const verdict = verdictWord(row.verdict);
  const source = endpointName(flow.source, flow.IP?.source ?? '', flow.source_names);
  const destination = withoutNamespace(endpointName(flow.destination, flow.IP?.destination ?? '', flow.destination_names), source, w.destination);
  const port = portOf(flow);
  const isReset = flow.l4?.TCP?.flags?.RST === true && row.verdict !== 2;
  const what = `${isReset ? '▲ ' : ''}${whatOf(flow)}${row.count > 1 ? ` ×${grouped(row.count)}` : ''}`;
  const isQuiet = verdict.role === 'good';
  const pieces: Piece[] = [
    shape.marker, [left(clock(row.timeMs, w.time > 8), w.time), 'dim'], ' ', [left(verdict.word, w.verdict), verdict.role], ' ',
    left(middle(source, w.source), w.source), [flow.is_reply?.value === true ? ' ← ' : ' → ', 'dim'], left(middle(destination, w.destination), w.destination),
    ' ', right(port > 0 ? String(port) : '-', w.port), ' ',
  ];
  if (w.protocol > 0) pieces.push([left(protocolOf(flow), w.protocol), 'dim'], ' ');
  pieces.push([left(what, w.what), isReset ? 'warn' : isQuiet ? 'dim' : verdict.role]);
  if (w.node > 0) pieces.push(' ', [left(state.nodeNames.get(row.node), w.node - 1), 'dim']);
  return { line: line(cols, pieces, shape.isSelected ? 'selected' : undefined), connection: '' };
}
