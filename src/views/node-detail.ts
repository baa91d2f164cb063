import { figures } from '../model/figures.ts';
import { lossWords } from '../model/loss-words.ts';
import type { NodeField } from '../model/node-history.ts';
import { lossesByNode, type NodeRow } from '../model/node-rows.ts';
import { canFill, fillOf, type Gauge, type NodeState } from '../model/node-state.ts';
import type { State } from '../model/state.ts';
import { columns, highest } from '../screen/chart.ts';
import { age, clock, count, grouped, percent } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { gaugeWords } from './gauge-words.ts';
import { hubbleLines } from './node-hubble.ts';
import { rule } from './rule.ts';

/** Trouble that was there when we first heard of anything began some time before. */
const FIRST_HEARD_MS = 10_000;
/** Charts reach back this far. */
const SPAN_MS = 600_000;

/** One node: what happened on it and what of it was seen, its ledger by stage with what helps, its tables. */
export function nodeDetail(state: State, row: NodeRow, cols: number): Line[] {
  const { node } = row;
  const facts = [node.version === '' ? '' : `agent ${node.version}`, node.uptimeMs > 0 ? `up ${age(node.uptimeMs)}` : '', node.nsPerPacket > 0 ? `${Math.round(node.nsPerPacket)} ns a packet` : ''].filter((fact) => fact !== '').join(', ');
  return [
    rule(cols, 'SELECTED', `${node.name}  ${facts}`, 'Enter its flows   @ only it'),
    ...(node.trouble === '' || state.pausedAtMs > 0 ? [] : [line(cols, [' ', [left('away', 10), 'bad'], middle(node.message === '' ? 'no reason given' : node.message, cols - 40), [`   since ${isOlderThanUs(state, node.troubleSinceMs) ? 'before ' : ''}${clock(node.troubleSinceMs)}Z`, 'dim']])]),
    ...ledgerLines(state, row, cols),
    ...policyLines(node, cols),
    ...hubbleLines(node, cols),
    ...CHARTS.map((chart) => chartLine(state, row, { ...chart, cols })),
    ...gaugeLines(state, row, cols),
  ];
}

function isOlderThanUs(state: State, sinceMs: number): boolean {
  return sinceMs - state.startedMs < FIRST_HEARD_MS;
}

function policyLines({ policies }: NodeState, cols: number): Line[] {
  if (policies === undefined) return [];
  const { mode, objects, unjudged, audited, denied, unlisted } = policies;
  const does = mode === 'enforce' ? `${grouped(denied)} packets dropped${unlisted === 0 ? '' : `, ${grouped(unlisted)} in no table`}` : mode === 'audit' ? `denied connections pass: ${grouped(audited)} so far` : 'not asked';
  const open = unjudged === 0 ? '' : `  ${grouped(unjudged)} not judged: an end is unknown, or a ClusterIP`;
  return [line(cols, [' ', [left('policies', 10), 'dim'], [`${grouped(objects)} in force, ${mode}: ${does}`, 'text'], middle(open, cols - 60)])];
}

interface Chart {
  label: string;
  field: NodeField;
  role: Role;
  isShare: boolean;
}

const CHARTS: readonly Chart[] = [
  { label: 'events/s', field: 'happened', role: 'chart', isShare: false },
  { label: 'lost/s', field: 'lost', role: 'bad', isShare: false },
  { label: 'conntrack', field: 'conntrack', role: 'warn', isShare: true },
  { label: 'agent cpu', field: 'cpu', role: 'chart', isShare: false },
];

function chartLine(state: State, row: NodeRow, chart: Chart & { cols: number }): Line {
  const width = Math.max(10, chart.cols - 34);
  const toMs = figures(state).toSecond * 1000 - 1;
  const points = row.node.history?.series(toMs, { columns: width, spanMs: SPAN_MS }, chart.field) ?? [];
  const top = chart.isShare ? 1 : highest(points);
  const last = points.findLast((point) => point !== undefined);
  const now = last === undefined || last.isHole ? '-' : chart.field === 'cpu' ? percent(last.value) : chart.isShare ? percent(last.value) : count(last.value);
  const peak = chart.isShare || top <= 0 ? '' : `max ${chart.field === 'cpu' ? percent(top) : count(top)}`;
  return line(chart.cols, [' ', [left(chart.label, 10), 'dim'], [points.length === 0 ? left('not remembered', width) : (columns(points, 1, top)[0] ?? ''), chart.role], [right(now, 8), 'text'], '  ', [peak, 'dim']]);
}

function ledgerLines(state: State, row: NodeRow, cols: number): Line[] {
  const away: Line[] = row.seen !== 0 ? [] : [line(cols, [' ', [left('ledger', 10), 'dim'], ['nobody knows what happens there: it is in no figure', 'warn']])];
  const losses = lossesByNode(state).get(row.node.name) ?? [];
  if (losses.length === 0 && away.length > 0) return away;
  if (losses.length === 0) return [line(cols, [' ', [left('ledger', 10), 'dim'], [row.seen === undefined ? 'this node keeps none' : 'nothing was lost in this window', row.seen === undefined ? 'dim' : 'good']])];
  const windowSeconds = Math.max(1, figures(state).ledgerSeconds);
  return [...away, ...losses.slice(0, 4).flatMap(({ stage, count: events }): Line[] => {
    const isOnPurpose = stage.startsWith('suppressed');
    const words = lossWords(stage);
    const head: Piece[] = [' ', [left(isOnPurpose ? 'suppressed' : 'lost', 10), isOnPurpose ? 'dim' : 'bad'], [right(grouped(events), 9), 'text'], [`  ${count(events / windowSeconds)}/s  `, 'dim'], [stage, isOnPurpose ? 'dim' : 'warn']];
    if (isOnPurpose) return [line(cols, [...head, ['  noise that is counted, not shown', 'dim']])];
    return [line(cols, [...head, [`  ${words.where}`, 'text']]), line(cols, [' '.repeat(13), middle(`${words.why}. ${words.cure}`, cols - 14)])];
  })];
}

function gaugeLines(state: State, row: NodeRow, cols: number): Line[] {
  if (state.pausedAtMs > 0) return [line(cols, [' ', [left('tables', 10), 'dim'], [`as shares above; entries are known only of now`, 'dim']])];
  const { node } = row;
  const gauges = [node.conntrack, node.kernelConntrack, ...node.maps.filter((map) => map !== node.conntrack && canFill(map))].filter((gauge): gauge is Gauge => gauge !== undefined).slice(0, 4);
  return gauges.map((gauge, i) => {
    const fill = fillOf(gauge);
    return line(cols, [' ', [left(i > 0 ? '' : row.seen === 0 ? 'last known' : 'tables', 11), 'dim'], left(gauge.name, 26), [right(percent(fill), 6), fill >= 0.95 ? 'bad' : fill >= 0.8 ? 'warn' : 'text'], [`   ${gaugeWords(gauge, { nowMs: state.nowMs, gone: 'pushed out or refused' })}`, gauge.lostPerSecond > 0 ? 'warn' : 'dim']]);
  });
}
