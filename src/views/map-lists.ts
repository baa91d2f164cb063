import { windowText } from '../model/figures.ts';
import { namespaceMatrix, serviceMap, type MapEdge, type ServiceMap } from '../model/service-map.ts';
import type { State } from '../model/state.ts';
import { inOrder, isFrozen } from '../model/table-order.ts';
import { tableOf } from '../model/tables.ts';
import { clock, count } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { MARK_ROLES } from './map-graph.ts';
import { newWords } from './new-pair.ts';
import { pairCells, protocolName } from './names.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { panelCursor } from './view.ts';

/** What edges can be sorted by; the first one is how they come: trouble first. */
export const MAP_SORTS = [
  { id: 'trouble', title: 'trouble' }, { id: 'events', title: 'EV/s', of: (edge: MapEdge) => edge.events }, { id: 'new', title: 'NEW/s', of: (edge: MapEdge) => edge.opened },
  { id: 'drops', title: 'DROP/s', of: (edge: MapEdge) => edge.dropped },
] as const;
type MapSort = (typeof MAP_SORTS)[number];

/** What edges are sorted by now. */
export function mapSort(state: State): MapSort {
  const { sort } = tableOf(state, 'map');
  return MAP_SORTS.find(({ id }) => id === sort) ?? MAP_SORTS[0];
}

/** All edges of the focus in order, standing still while the cursor moves. */
export function mapEdges(state: State, map: ServiceMap = serviceMap(state)): MapEdge[] {
  const sort = mapSort(state);
  const { isReversed } = tableOf(state, 'map');
  const edges = [...map.callees, ...map.callers];
  const places = new Map(edges.map((edge, place) => [edge.key, place]));
  const trouble = (one: MapEdge, other: MapEdge): number => RANK.indexOf(one.mark) - RANK.indexOf(other.mark) || other.dropped - one.dropped || (places.get(one.key) ?? 0) - (places.get(other.key) ?? 0);
  const turn = isReversed ? -1 : 1;
  const compare = 'of' in sort ? (one: MapEdge, other: MapEdge): number => turn * (sort.of(other) - sort.of(one)) || trouble(one, other) : (one: MapEdge, other: MapEdge): number => turn * trouble(one, other);
  return inOrder(state, 'map', edges, { keyOf: (edge) => edge.key, compare, version: `${map.focus} ${sort.id} ${isReversed}` });
}

const RANK = 'X!~+';

/** EDGES: the graph as text, for every terminal and for screen readers. */
export function edgesSection(state: State, map: ServiceMap, size: Size): Line[] {
  const { cols } = size;
  const isWide = cols >= 110;
  const edges = mapEdges(state, map);
  const { at } = panelCursor(state, 'map', { panel: 0, keys: edges.map((edge) => edge.key) });
  const headRows = isWide ? 2 : 1;
  const rows = Math.max(0, size.rows - headRows);
  const top = scrollTop(at, edges.length, rows);
  const wordsWidth = isWide ? 36 : 16;
  const nameWidth = cols - 5 - (isWide ? 6 + 24 : 5 + 16) - 2 - wordsWidth;
  const per = (value: number): string => count(value / Math.max(0.001, map.seconds));
  const lines = edges.slice(top, top + rows).map((edge, i) => {
    const isSelected = top + i === at;
    const isNew = newWords(state, [edge.id]);
    const words = edge.trouble === '' ? isNew : `${edge.trouble}${edge.sinceMs > 0 && isWide ? ` since ${clock(edge.sinceMs)}` : ''}`;
    const pieces: Piece[] = [
      isSelected ? [' ► ', 'accent'] : '   ', [edge.mark, MARK_ROLES[edge.mark]], ' ', pairCells(edge.pair, nameWidth), [left(` ${protocolName(edge.pair.protocol)}`, isWide ? 6 : 5), 'dim'],
      right(per(edge.events), 8), [isWide ? right(per(edge.opened), 8) : '', 'dim'], [right(per(edge.dropped), 8), edge.dropped > 0.5 ? 'bad' : 'dim'], '  ',
      [left(words, wordsWidth), edge.trouble === '' ? 'accent' : MARK_ROLES[edge.mark]],
    ];
    return line(cols, pieces, isSelected ? 'selected' : undefined);
  });
  if (edges.length === 0) lines.push(line(cols, [[map.seconds > 0 ? '   nobody talks to it, and it to nobody' : '   no traffic known yet', 'dim']]));
  const sorted = `${isFrozen(state, 'map') ? 'order held  ' : ''}s sort ${mapSort(state).title} ${tableOf(state, 'map').isReversed ? '▲' : '▼'}`;
  const hidden = edges.length > rows ? `   ${edges.length - rows} more` : '';
  const heading = line(cols, [[`     ${left('SOURCE → DESTINATION:PORT', nameWidth)}${left(' PROTO', 6)}${right('EV/s', 8)}${right('NEW/s', 8)}${right('DROP/s', 8)}  WHY`, 'dim']]);
  return [rule(cols, 'EDGES', isWide ? `the same as text, ${windowText(state)}` : 'ev/s, drop/s', `${sorted}${hidden}`), ...(isWide ? [heading] : []), ...lines].slice(0, size.rows);
}

/** NAMESPACE MATRIX: rows call columns. */
export function matrixSection(state: State, map: ServiceMap, size: Size): Line[] {
  const { cols } = size;
  const { names, cells } = namespaceMatrix(state);
  const first = cols >= 110 ? 18 : 13;
  const each = cols >= 110 ? 14 : 11;
  const columns = names.filter((name) => names.some((caller) => cells.has(`${caller} ${name}`))).slice(0, Math.floor((cols - first - 1) / each));
  const callers = names.filter((name) => names.some((callee) => cells.has(`${name} ${callee}`)));
  const rows = Math.max(0, size.rows - 2);
  const per = (value: number): string => count(value / Math.max(0.001, map.seconds));
  const lines = callers.slice(0, rows).map((caller) => line(cols, [` ${left(middle(caller, first - 2), first - 1)}`, ...columns.flatMap((callee): Piece[] => {
    const cell = cells.get(`${caller} ${callee}`);
    if (cell === undefined) return [[left('.', each), 'dim']];
    const events = per(cell.events);
    return cell.dropped > 0.5 ? [events, [left(` X${per(cell.dropped)}`, each - events.length), 'bad']] : [left(events, each)];
  })]));
  const hidden = callers.length - Math.min(rows, callers.length);
  const isCut = names.length > columns.length;
  return [
    rule(cols, 'NAMESPACE MATRIX', 'events/s, X = drops', `rows call columns${hidden > 0 || isCut ? `, ${names.length} in all` : ''}`),
    line(cols, [[` ${' '.repeat(first - 1)}${columns.map((name) => left(middle(name, each - 1), each)).join('')}`, 'dim']]), ...lines,
  ].slice(0, size.rows);
}
