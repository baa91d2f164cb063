import { clock, count } from '../screen/format.ts';
import { columns, highest, type ChartPoint } from '../screen/chart.ts';
import { conversationOf, type End } from '../model/conversation.ts';
import { series } from '../model/figures.ts';
import { ROW_FLOW, type RowView } from '../model/flow-rows.ts';
import { endpointName, protocolOf, whatOf } from '../model/flow-words.ts';
import { flowOfRow } from '../model/row-flow.ts';
import type { State } from '../model/state.ts';
import { scrub } from '../lib/scrub.ts';
import { enumNames } from '../wire/codec.ts';
import { type Flow, VerdictEnum } from '../wire/gen/flow.ts';
import { lastRows } from './flows-data.ts';
import { redactFlow } from './redact.ts';

/** Rows of the stream in a document. */
export const MAX_STREAM_ROWS = 50;
/** Columns of a chart, and the seconds each stands for. */
const [CHART_COLUMNS, COLUMN_SECONDS] = [60, 10];
const DROPPED = 2;

/** Flows and drops a second over ten minutes, as lines of blocks; `░` was not fully observed. */
export function chartLines(state: State): string[] {
  const shape = { columns: CHART_COLUMNS, secondsPerColumn: COLUMN_SECONDS };
  return [
    chartLine('flows/s', series(state, shape, (bucket) => bucket.flows)),
    chartLine('drops/s', series(state, shape, (bucket) => bucket.verdicts[DROPPED] ?? 0)),
    `${' '.repeat(8)}${'10 min ago'.padEnd(CHART_COLUMNS - 3)}now`,
  ];
}

function chartLine(label: string, points: readonly ChartPoint[]): string {
  const max = highest(points);
  const last = points.findLast((point) => point !== undefined && !point.isHole);
  return `${label} ${columns(points, 1, max)[0] ?? ''}  now ${last === undefined ? '-' : count(last.value)}, most ${count(max)}`;
}

/** The newest rows of the stream, oldest first: time, verdict, client and server, what happened, where. Secrets are taken out. */
export function streamLines(state: State): string[] {
  const lines = lastRows(state, MAX_STREAM_ROWS).map((row) => rowLine(state, row));
  return lines.length === 0 ? ['nothing came'] : lines;
}

function rowLine(state: State, row: RowView): string {
  const time = clock(row.timeMs, true);
  if (row.kind !== ROW_FLOW) return `${time}  -- ${scrub(new TextDecoder().decode(row.bytes))} --`;
  const flow = flowOfRow(state, row);
  return flow === undefined ? `${time}  a flow that cannot be read` : `${time}  ${flowLine(redactFlow(flow), row.count)}  ${scrub(flow.node_name ?? '', 63)}`;
}

function flowLine(flow: Flow, folded: number): string {
  const { client, server, isReply } = conversationOf(flow);
  const verdict = enumNames(VerdictEnum).get(flow.verdict ?? 0) ?? 'UNKNOWN';
  return [
    verdict.padEnd(9), `${endText(client)} ${isReply ? '<-' : '->'} ${endText(server)}`, protocolOf(flow), whatOf(flow), folded > 1 ? `x${folded} folded` : '',
  ].filter((text) => text !== '').join('  ');
}

function endText(end: End): string {
  return `${endpointName(end.endpoint, end.ip, end.names)}${end.port > 0 ? `:${end.port}` : ''}`;
}
