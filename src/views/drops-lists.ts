import { scrub } from '../lib/scrub.ts';
import { dropKeyParts } from '../model/directory.ts';
import { MAX_WITNESSES, refusalAt } from '../model/drop-facts.ts';
import { dropSinceMs, dropSort, hidesHarmless, reasonTable, shownDrops, shownReasons, type ReasonRow } from '../model/drop-table.ts';
import { figures, momentSecond, secondsPerColumn, series, windowText, type DropFigure } from '../model/figures.ts';
import { portText } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import { dropSide } from '../detect/drop-context.ts';
import { dropRowKey, REASONS, WHO } from '../detect/drop-target.ts';
import { ARRIVAL_MS } from '../detect/rank.ts';
import { bar, columns, highest } from '../screen/chart.ts';
import { clock, count, grouped, percent } from '../screen/format.ts';
import { left, line, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { selectedReason } from './drop-items.ts';
import { pairCells } from './names.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { panelCursor } from './view.ts';

/** From here on there is room for a heading and more columns. */
const WIDE = 110;
const WIDEST = 160;
/** What began within this is new. */
const NEW_MS = 600_000;

/** REASONS: what was dropped in the window, by reason, with the trend of each. */
export function reasonsList(state: State, size: Size): Line[] {
  const { cols } = size;
  const { hiddenRows, hiddenCount } = reasonTable(state);
  const rows = shownReasons(state);
  const now = figures(state);
  const isWide = cols >= WIDE;
  const keys = rows.map((row) => row.key);
  const { at, isFocused } = panelCursor(state, 'drops', { panel: REASONS, keys });
  const room = size.rows - (isWide ? 2 : 1);
  const top = scrollTop(at, rows.length, room);
  const lines = rows.slice(top, top + room).map((row, i) => reasonLine(state, row, { cols, isSelected: top + i === at, isFocused }));
  if (rows.length === 0) lines.push(line(cols, [['   no drops', now.seconds > 0 ? 'good' : 'dim'], [now.seconds > 0 ? ` in ${Math.round(now.seconds)} s observed` : ' known yet', 'dim']]));
  const hidden = rows.length - Math.min(room, rows.length);
  const notes = [
    hidden > 0 ? `${hidden} more` : '', isWide ? `s sorted by ${dropSort(state)}` : `s ${dropSort(state)}`,
    hidesHarmless(state) ? `${hiddenRows} harmless hidden${isWide && hiddenRows > 0 ? `, ${grouped(hiddenCount)} drops` : ''}: B` : 'B hides harmless',
  ];
  return [rule(cols, 'REASONS', windowText(state), notes.filter((note) => note !== '').join('   ')), ...(isWide ? [reasonHeading(cols)] : []), ...lines];
}

interface ReasonWidths {
  name: number;
  share: number;
  trend: number;
}

function reasonWidths(cols: number): ReasonWidths {
  if (cols < WIDE) return { name: 27, share: cols - 27 - 8 - 9 - 7 - 1 - 11 - 5, trend: 10 };
  const rest = cols - 38 - 9 - 10 - 8 - 9;
  const trend = Math.floor(rest * 0.5);
  return { name: 36, share: rest - trend - 2, trend };
}

function reasonHeading(cols: number): Line {
  const w = reasonWidths(cols);
  return line(cols, [[`   ${left('REASON', w.name)}${right('NOW/s', 8)}${right('COUNT', 10)}  ${left('SHARE', w.share + 7)} ${left('TREND', w.trend)} CLASS`, 'dim']]);
}

interface RowLook {
  cols: number;
  isSelected: boolean;
  isFocused: boolean;
}

// the row that lists below follow stays marked when the focus is elsewhere
function marker({ cols, isSelected, isFocused }: RowLook): Piece {
  const text = isSelected ? '►' : ' ';
  return [cols >= WIDE ? ` ${text} ` : text, isFocused ? 'accent' : 'dim'];
}

function fillOf({ isSelected, isFocused }: RowLook): 'selected' | undefined {
  return isSelected && isFocused ? 'selected' : undefined;
}

function reasonLine(state: State, row: ReasonRow, look: RowLook): Line {
  const { cols } = look;
  const w = reasonWidths(cols);
  const isWide = cols >= WIDE;
  const role = row.class === 'ok' ? 'dim' : 'bad';
  const bound = figures(state).isLowerBound ? '≥' : '';
  const name = row.form === '' ? row.reason : `${row.reason} ${isWide ? ' ' : ''}${row.form}`;
  const pieces: Piece[] = [
    marker(look), [left(name, w.name), look.isSelected ? 'title' : 'text'], [right(isWide ? count(row.nowPerSecond) : `${count(row.nowPerSecond)}/s`, isWide ? 8 : 7), 'text'],
    [right(`${bound}${grouped(row.count)}`, isWide ? 10 : 9), 'dim'], isWide ? '  ' : ' ', [left(bar(row.share, w.share), w.share), role], [right(percent(row.share), 7), 'text'], ' ',
    [trendOf(state, row, w.trend), role], ' ', [left(row.class, 4), 'dim'],
  ];
  if (isWide) pieces.push([isNew(state, row.sinceMs) ? 'NEW' : '', 'warn']);
  return line(cols, pieces, fillOf(look));
}

// what was there when we came may be old
function isNew(state: State, sinceMs: number | undefined): boolean {
  return sinceMs !== undefined && sinceMs >= state.startedMs + ARRIVAL_MS && momentSecond(state) * 1000 - sinceMs < NEW_MS;
}

function trendOf(state: State, row: ReasonRow, width: number): string {
  const pairs = new Set(row.drops.map((drop) => drop.key));
  const points = series(state, { columns: width, secondsPerColumn: secondsPerColumn(state, width) }, (bucket) => {
    let sum = 0;
    bucket.drops.forEach((key, skbs) => {
      if (pairs.has(key) || (row.form === '' && state.directory.reasonAt(dropKeyParts(key).reason) === row.reason)) sum += skbs;
    });
    return sum;
  });
  return columns(points, 1, highest(points))[0] ?? '';
}

/** WHO: pairs of the selected reason. */
export function whoList(state: State, size: Size): Line[] {
  const { cols } = size;
  const reason = selectedReason(state);
  const drops = shownDrops(state, reason);
  const isWide = cols >= WIDE;
  const { at, isFocused } = panelCursor(state, 'drops', { panel: WHO, keys: drops.map(dropRowKey) });
  const room = size.rows - (isWide ? 2 : 1);
  const top = scrollTop(at, drops.length, room);
  const lines = drops.slice(top, top + room).map((drop, i) => whoLine(state, drop, { cols, isSelected: top + i === at, isFocused }));
  const shown = Math.min(room, drops.length);
  const more = drops.length > shown ? `${drops.length - shown} more pairs   ` : '';
  return [rule(cols, 'WHO', reason?.key ?? '', `${more}${isWide ? 'Enter flows of this pair' : 'Enter flows'}`), ...(isWide ? [whoHeading(cols)] : []), ...lines];
}

interface WhoWidths {
  pair: number;
  labels: number;
  nodes: number;
}

function whoWidths(cols: number): WhoWidths {
  if (cols < WIDE) return { pair: cols - 1 - 8 - 8 - 7 - 10, labels: 0, nodes: 0 };
  const rest = cols - 3 - 9 - 8 - 10 - 8 - 10 - 1;
  const nodes = cols >= WIDEST ? 24 : 14;
  const labels = cols >= WIDEST ? Math.floor((rest - nodes) * 0.45) : 0;
  return { pair: rest - nodes - labels, labels, nodes };
}

function whoHeading(cols: number): Line {
  const w = whoWidths(cols);
  return line(cols, [[`   ${left('SOURCE → DESTINATION:PORT', w.pair)}${w.labels > 0 ? left('LABELS', w.labels) : ''}${left(' SIDE', 9)}${right('NOW/s', 8)}${right('COUNT', 10)} ${left('PODS', 7)} ${left('SINCE', 9)} ${left('NODES', w.nodes)}`, 'dim']]);
}

function whoLine(state: State, drop: DropFigure, look: RowLook): Line {
  const { cols } = look;
  const w = whoWidths(cols);
  const isWide = cols >= WIDE;
  const bound = figures(state).isLowerBound ? '≥' : '';
  const fact = state.dropFacts.get(drop.key);
  const side = dropSide({ drop, fact, refusal: refusalAt(fact, momentSecond(state) * 1000) });
  const pods = fact === undefined ? '' : `${setSize(fact.sources)}×${setSize(fact.destinations)}`;
  const since = sinceText(state, drop);
  const pieces: Piece[] = [marker(look), [pairWithProtocol(drop, w.pair), look.isSelected ? 'title' : 'text']];
  if (w.labels > 0) pieces.push([left(labelsText(fact), w.labels - 1), 'dim'], ' ');
  pieces.push(' ', [left(side, isWide ? 8 : 7), 'dim'], [right(isWide ? count(drop.nowPerSecond) : `${count(drop.nowPerSecond)}/s`, isWide ? 8 : 7), drop.class === 'ok' ? 'dim' : 'bad']);
  if (isWide) pieces.push([right(`${bound}${grouped(drop.count)}`, 10), 'dim']);
  pieces.push(' ', [left(pods, isWide ? 7 : 6), 'dim'], ' ', [left(since, 9), 'dim']);
  if (isWide) pieces.push(' ', [left(nodesText(state, fact?.nodes ?? new Set(), w.nodes), w.nodes), 'dim']);
  return line(cols, pieces, fillOf(look));
}

// the same port may be refused for TCP and for UDP
function pairWithProtocol({ pair }: DropFigure, width: number): string {
  const protocol = /\/.*$/.exec(portText(pair))?.[0] ?? '';
  return left(`${pairCells(pair, width - protocol.length).trimEnd()}${protocol}`, width);
}

// ends that were seen in flows; a set that is full may stand for more
function setSize(set: ReadonlySet<number>): string {
  return set.size === 0 ? '?' : set.size >= MAX_WITNESSES ? `≥${MAX_WITNESSES}` : String(set.size);
}

function sinceText(state: State, drop: DropFigure): string {
  const sinceMs = dropSinceMs(state, drop.key);
  if (sinceMs === undefined) return '';
  return sinceMs < state.startedMs + ARRIVAL_MS ? `≤${clock(sinceMs)}` : clock(sinceMs);
}

function labelsText(fact: { source: { labels?: string[] | undefined } | undefined; destination: { labels?: string[] | undefined } | undefined } | undefined): string {
  return [firstLabel(fact?.source?.labels), firstLabel(fact?.destination?.labels)].join(' → ');
}

function firstLabel(labels: readonly string[] | undefined): string {
  const label = labels?.find((text) => /^(k8s:)?(app|k8s-app|app\.kubernetes\.io\/name)=/.test(text)) ?? labels?.[0];
  return label === undefined ? '-' : scrub(label.replace(/^k8s:/, ''), 120);
}

// `node-03 07 09`: what names share is told once
function nodesText(state: State, ids: ReadonlySet<number>, width: number): string {
  const names = [...ids].map((id) => state.nodeNames.get(id)).sort();
  const [first = ''] = names;
  const shared = first.slice(0, first.lastIndexOf('-') + 1);
  const short = names.map((name, i) => (i > 0 && shared !== '' && name.startsWith(shared) ? name.slice(shared.length) : name));
  for (let shown = short.length; shown > 0; shown--) {
    const text = `${short.slice(0, shown).join(' ')}${shown < short.length ? ` +${short.length - shown}` : ''}`;
    if (text.length <= width) return text;
  }
  return first;
}
