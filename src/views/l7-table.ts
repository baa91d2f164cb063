import { figures } from '../model/figures.ts';
import { latencyText, shareText } from '../model/latency-text.ts';
import { l7Figures, type L7Figures, type RouteFigure } from '../model/l7-figures.ts';
import { momentLatency, routeSeries } from '../model/l7-slots.ts';
import type { State } from '../model/state.ts';
import { columns, highest } from '../screen/chart.ts';
import { count } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { l7Rows, sortOf, type L7Row, type Sort } from './l7-rows.ts';
import { once } from './once.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { panelCursor } from './view.ts';

/** A column after the names. */
interface Column {
  title: string;
  sort: Sort;
  width: number;
  /** Least screen that has it. */
  from: number;
  cell(figure: RouteFigure, seconds: number): string;
  role(figure: RouteFigure): Role;
}

/** Parts of answers that are shown in a warning colour. */
const [BAD_SHARE, CALLER_SHARE] = [0.01, 0.1];

const share = (part: number, of: number): string => (of === 0 ? '-' : shareText(part / of).replace('%', ''));
const plain = (): Role => 'text';

function quantile(title: string, sort: Sort, read: { from: number; percentile: number; pick: keyof NonNullable<RouteFigure['quantiles']> }): Column {
  return {
    title, sort, width: 7, from: read.from, cell: ({ quantiles }) => (quantiles === undefined ? '-' : latencyText(quantiles[read.pick])),
    // too few answers to know: then it is about the slowest one
    role: ({ timed }) => (timed * (100 - read.percentile) < 100 ? 'dim' : 'text'),
  };
}

const COLUMNS: readonly Column[] = [
  { title: 'COUNT', sort: 'count', width: 7, from: 110, cell: (figure) => count(figure.count), role: plain },
  { title: 'REQ/s', sort: 'count', width: 6, from: 0, cell: (figure, seconds) => count(figure.count / seconds), role: plain },
  { title: '5xx%', sort: '5xx', width: 6, from: 0, cell: (figure) => share(figure.bad, figure.answers), role: ({ bad, answers }) => (bad === 0 ? 'dim' : bad / answers >= BAD_SHARE ? 'bad' : 'warn') },
  { title: '4xx%', sort: '4xx', width: 6, from: 110, cell: (figure) => share(figure.callerBad, figure.answers), role: ({ callerBad, answers }) => (callerBad === 0 ? 'dim' : callerBad / answers >= CALLER_SHARE ? 'warn' : 'text') },
  quantile('p50', 'p50', { from: 0, percentile: 50, pick: 'p50' }),
  quantile('p90', 'p90', { from: 110, percentile: 90, pick: 'p90' }),
  quantile('p99', 'p99', { from: 0, percentile: 99, pick: 'p99' }),
  quantile('p99.9', 'p99.9', { from: 0, percentile: 99.9, pick: 'p999' }),
];

/** Widest the names of servers get. */
const SERVER_WIDTH = 26;

/** ROUTES: every kind of request with its rate, errors and latencies, those in trouble first. */
export function routesSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const now = l7Figures(state);
  const rows = l7Rows(state);
  const shape = shapeOf(cols);
  const { at, isFocused } = panelCursor(state, 'l7', { panel: 0, keys: rows.map(({ key }) => key) });
  const listRows = Math.max(0, size.rows - 2);
  const top = scrollTop(at, rows.length, listRows);
  const lines = rows.slice(top, top + listRows).map((row, i) => rowLine(now, row, { ...shape, isSelected: isFocused && top + i === at, isShown: top + i === at }));
  if (rows.length === 0) lines.push(...nothingSeen(state, now, cols));
  const hidden = rows.length - Math.min(listRows, rows.length);
  return [rule(cols, 'ROUTES', noteOf(now, cols), [...(hidden > 0 ? [`${hidden} more`] : []), rightNote(state, cols)].join('   ')), heading(state, shape), ...lines].slice(0, size.rows);
}

interface Shape {
  cols: number;
  routeWidth: number;
  serverWidth: number;
  trendWidth: number;
  shown: readonly Column[];
}

function shapeOf(cols: number): Shape {
  const shown = COLUMNS.filter(({ from }) => cols >= from);
  // a slot a column for a minute
  const trendWidth = cols >= 110 ? 13 : 5;
  const names = cols - 3 - trendWidth - 2 - shown.reduce((sum, column) => sum + column.width, 0);
  const serverWidth = Math.min(SERVER_WIDTH, Math.floor(names * 0.37));
  return { cols, shown, trendWidth, serverWidth, routeWidth: names - serverWidth };
}

function heading(state: State, { cols, routeWidth, serverWidth, shown }: Shape): Line {
  const { by, isReversed } = sortOf(state);
  const mark = isReversed ? '▲' : '▼';
  const pieces: Piece[] = [['   ', 'dim'], [left(`ROUTE${by === 'route' ? mark : ''}`, routeWidth), 'dim'], [left('SERVER', serverWidth), 'dim']];
  shown.forEach(({ title, width, sort }, i) => {
    const isSorted = sort === by && shown.findIndex((column) => column.sort === sort) === i;
    pieces.push([right(`${title}${isSorted ? mark : ''}`, width), isSorted ? 'accent' : 'dim']);
  });
  return line(cols, [...pieces, [cols >= 110 ? '  p99 OVER TIME' : '  p99', 'dim']]);
}

function rowLine(now: L7Figures, { name, figure, jump }: L7Row, shape: Shape & { isSelected: boolean; isShown: boolean }): Line {
  const { cols, routeWidth, serverWidth, trendWidth, shown, isSelected, isShown } = shape;
  const marker: Piece = isSelected ? [' ► ', 'accent'] : isShown ? [' · ', 'accent'] : jump === undefined ? '   ' : [' ▲ ', 'bad'];
  const points = once(now, `trend ${figure.route.ids.join(' ')} ${trendWidth}`, () => routeSeries(now.ring, figure.route, { span: now.span, columns: trendWidth }, (moment) => momentLatency(moment, 0.99)));
  const pad = ' '.repeat(Math.max(0, trendWidth - points.length));
  return line(cols, [
    marker, [left(shortRoute(name, routeWidth - 1), routeWidth), jump === undefined ? 'text' : 'title'], [left(shortServer(figure.server, serverWidth - 1), serverWidth), 'dim'],
    ...shown.map((column): Piece => [right(column.cell(figure, Math.max(1, now.seconds)), column.width), column.role(figure)]),
    '  ', [pad + (columns(points, 1, highest(points))[0] ?? ''), jump?.latency === undefined ? 'chart' : 'bad'],
  ], isSelected ? 'selected' : undefined);
}

/** A route in at most `width` cells: what is done and the end of the path tell routes apart. */
export function shortRoute(name: string, width: number): string {
  if (name.length <= width) return name;
  const space = name.indexOf(' ') + 1;
  const room = width - space - 1;
  if (room < 6) return middle(name, width);
  const tail = name.slice(name.length - room);
  // whole parts of a path where there are any
  const part = tail.indexOf('/');
  return `${name.slice(0, space)}…${part > 0 && part < room - 4 ? tail.slice(part) : tail}`;
}

/** A server in at most `width` cells: the namespace goes first. */
export function shortServer(server: string, width: number): string {
  return middle(server.length > width ? server.slice(server.indexOf('/') + 1) : server, width);
}

function noteOf(now: L7Figures, cols: number): string {
  const bound = now.isLowerBound ? '≥' : '';
  const seconds = `${Math.round(now.seconds)}s`;
  if (now.count === 0) return seconds;
  const errors = `5xx ${shareText(now.answers === 0 ? 0 : now.bad / now.answers)}`;
  return cols >= 110 ? `${seconds}   ${bound}${count(now.count / Math.max(1, now.seconds))} req/s   ${errors}   4xx ${shareText(now.answers === 0 ? 0 : now.callerBad / now.answers)}` : `${seconds} ${bound}${count(now.count / Math.max(1, now.seconds))} req/s ${errors}`;
}

function rightNote(state: State, cols: number): string {
  const { by, isByServer } = sortOf(state);
  if (cols < 110) return sightWords(state).short;
  return `s sort: ${by === 'trouble' ? 'trouble, then busiest' : by}   a by ${isByServer ? 'route' : 'server'}`;
}

/** How many of those who serve have their requests parsed: a clean table of one of a hundred says little. */
export function sightWords(state: State): { short: string; long: string } {
  const serving = new Set(figures(state).pairs.flatMap(({ pair }) => (pair.destination.workload === '' ? [] : [pair.destination.name])));
  const parsed = new Set(l7Figures(state).routes.map(({ server }) => server));
  const known = new Set([...serving, ...parsed]);
  if (known.size === 0) return { short: 'no server seen', long: 'nobody serves anything that was seen in this window' };
  return {
    short: `L7 at ${parsed.size}/${known.size} servers`,
    long: `L7 is visible at ${parsed.size} of ${known.size} servers: requests are parsed only where a rule, a proxy or an agent's parser applies`,
  };
}

function nothingSeen(state: State, now: L7Figures, cols: number): Line[] {
  const sentences = now.seconds === 0
    ? ['no time was observed yet']
    : state.chips.length > 0
      ? ['no request passes the filter: x clears it']
      : ['no request was seen in this window', 'Cilium parses HTTP where a CiliumNetworkPolicy has rules.http on the port, Kafka likewise;', 'an empty rule parses all and refuses none: toPorts: [{ports: [{port: "8080"}], rules: {http: [{}]}}]'];
  return sentences.map((sentence, i) => line(cols, ['   ', [sentence, i === 0 ? 'text' : 'dim']]));
}
