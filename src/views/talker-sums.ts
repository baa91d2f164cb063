import { dropKeyParts } from '../model/directory.ts';
import { figures, windowText, type Figures, type PairFigure } from '../model/figures.ts';
import { flowGroups } from '../model/flow-groups.ts';
import { countsFlows, type State } from '../model/state.ts';
import type { Talkers } from '../model/talkers.ts';
import { bar } from '../screen/chart.ts';
import { age, bits, bytes, count, grouped } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { rule } from './rule.ts';
import { verdictWord } from './verdict.ts';
import { columnTitle, isOfFlows, sortColumn } from './talker-columns.ts';

/** Shares of one thing in a line: name, rate, bar. */
interface Share {
  name: string;
  value: number;
}

/** BY SOURCE: who begins most of it, whatever the other side is. */
export function bySource(state: State, all: Talkers, size: Size): Line[] {
  return shareLines(state, { title: 'BY SOURCE', all, nameWidth: size.cols >= 110 ? 24 : 20 }, size, (pair) => pair.pair.source.name);
}

/** BY DESTINATION PORT: what for. */
export function byPort(state: State, all: Talkers, size: Size): Line[] {
  return shareLines(state, { title: 'BY DESTINATION PORT', all, nameWidth: 6 }, size, (pair) => (pair.pair.port === 0 ? '' : String(pair.pair.port)));
}

function shareLines(state: State, shape: { title: string; all: Talkers; nameWidth: number }, size: Size, nameOf: (pair: PairFigure) => string): Line[] {
  const { cols, rows } = size;
  const column = sortColumn(state, shape.all);
  const sorted = sharesOf(figures(state), `${shape.title} ${column?.id}`, { nameOf, value: VALUES[column?.id ?? 'new'] ?? VALUES['events'] });
  const each = shape.nameWidth + 20;
  const perLine = Math.max(1, Math.floor((cols - 1) / each));
  const lines: Line[] = [];
  for (let row = 0; row < rows - 1; row++) {
    const shown = sorted.slice(row * perLine, (row + 1) * perLine);
    if (shown.length === 0) break;
    lines.push(line(cols, [' ', ...shown.flatMap((share) => sharePieces(state, share, sorted[0]?.value ?? 1, { ...shape, barWidth: 8, isBytes: column?.id === 'bytes' }))]));
  }
  if (sorted.length === 0) lines.push(line(cols, [['   nothing in this time', 'dim']]));
  const unit = column === undefined || column.id === 'errors' || column.id === 'flows' ? 'EV/s' : columnTitle(state, column);
  return [rule(cols, shape.title, unit, sorted.length > lines.length * perLine ? `${sorted.length - lines.length * perLine} more` : ''), ...lines];
}

const VALUES: Readonly<Record<string, (pair: PairFigure) => number>> = {
  new: (pair) => pair.connections, drops: (pair) => pair.dropped, resets: (pair) => pair.resets, bytes: (pair) => pair.bytes, events: (pair) => pair.flows,
};

const caches = new WeakMap<Figures, Map<string, Share[]>>();

// made once for each set of figures: pairs can be a thousand
function sharesOf(now: Figures, key: string, of: { nameOf: (pair: PairFigure) => string; value: ((pair: PairFigure) => number) | undefined }): Share[] {
  const cache = caches.get(now) ?? new Map<string, Share[]>();
  caches.set(now, cache);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const sums = new Map<string, number>();
  for (const pair of now.pairs) {
    const [name, value] = [of.nameOf(pair), of.value?.(pair) ?? 0];
    if (name !== '' && value > 0) sums.set(name, (sums.get(name) ?? 0) + value);
  }
  const made = [...sums].map(([name, value]): Share => ({ name, value })).sort((one, other) => other.value - one.value || (one.name < other.name ? -1 : 1));
  cache.set(key, made);
  return made;
}

function sharePieces(state: State, share: Share, most: number, shape: { nameWidth: number; barWidth: number; isBytes: boolean }): Piece[] {
  const { seconds } = figures(state);
  return [left(middle(share.name, shape.nameWidth - 1), shape.nameWidth), [right(`${shape.isBytes ? (state.isInBits ? bits : bytes)(share.value / Math.max(0.001, seconds)) : count(share.value / Math.max(0.001, seconds))}/s`, 8), 'text'], ' ', [left(bar(share.value / most, shape.barWidth), shape.barWidth), 'chart'], '   '];
}

/** TOTAL: every flow of the window by verdict, every drop by reason. What the first script of a reader prints below its table. */
export function talkerTotals(state: State, cols: number): Line[] {
  const { window, isLowerBound } = figures(state);
  const bound = isLowerBound ? '≥' : '';
  const verdicts = [...window.verdicts].map((flows, verdict) => ({ flows: Math.round(flows), verdict })).filter(({ flows }) => flows > 0).sort((one, other) => other.flows - one.flows);
  const reasons = new Map<string, number>();
  window.drops.forEach((key, packets) => {
    const reason = state.directory.reasonAt(dropKeyParts(key).reason);
    reasons.set(reason, (reasons.get(reason) ?? 0) + packets);
  });
  const sorted = [...reasons].sort((one, other) => other[1] - one[1]);
  return [
    rule(cols, 'TOTAL', `${bound}${grouped(window.flows)} flows in ${windowText(state)}`),
    line(cols, [[' verdicts ', 'dim'], ...verdicts.flatMap(({ flows, verdict }): Piece[] => [[` ${verdictWord(verdict).long.slice(2)} `, verdictWord(verdict).role], `${bound}${grouped(flows)}  `]), verdicts.length === 0 ? ['  no flow yet', 'dim'] : '']),
    line(cols, [[' drops    ', 'dim'], ...sorted.flatMap(([reason, packets]): Piece[] => [[` ${reason} `, 'bad'], `${bound}${grouped(packets)}  `]), sorted.length === 0 ? ['  none', 'dim'] : '']),
  ];
}

/** COUNTING: what the figures above mean, as many lines as there is room for. */
export function talkerCounting(state: State, all: Talkers, cols: number): Line[] {
  return [rule(cols, 'COUNTING'), ...countingWords(state, all, cols).map((words) => line(cols, [[` ${words}`, 'dim']]))];
}

/** The same in one line, for a small screen. */
export function countingBrief(state: State, all: Talkers, cols: number): Line {
  const words = isOfFlows(state) ? flowsWords(state, all) : countsFlows(state) ? 'NEW/s counts a connection once, retries are none; flows carry no bytes' : 'counted in the kernels, each connection once; bytes go both ways';
  return line(cols, [[` ${words}`, 'dim']]);
}

function flowsWords(state: State, all: Talkers): string {
  const seconds = all.seconds < state.windowSeconds * 0.95 ? `, the last ${age(all.seconds * 1000)} of them` : '';
  return `rows are made of the flows received${seconds}: kernels count by labels, not by pod`;
}

function countingWords(state: State, all: Talkers, cols: number): string[] {
  const isWide = cols >= 110;
  const leftOut = isOfFlows(state) ? flowGroups(state, all.group === 'node' ? 'node' : 'pod').leftOut : 0;
  const once = isWide
    ? 'a packet is reported at up to four points (from-endpoint, to-stack, to-network, to-endpoint): each is an event in EV/s'
    : 'a packet is reported at up to four points; each is an event in EV/s';
  if (isOfFlows(state)) return [flowsWords(state, all), once, `NEW/s counts a connection once, where it is first told of${leftOut > 0 ? `; ${grouped(leftOut)} flows found no row` : ''}`];
  if (countsFlows(state)) return [once, 'NEW/s counts a connection once: its first SYN, or first datagram; a SYN sent again is none. flows carry no bytes'];
  return [
    'kernels count each connection once and every byte, both ways, at both ends: shown is the larger end, never the sum',
    isWide ? 'EV/s are events that were due for a report. a pair that is not listed moved less than those that are. pods: press a' : 'EV/s are events due for a report',
  ];
}
