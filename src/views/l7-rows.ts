import { routeJumps, type RouteJump } from '../detect/route-jumps.ts';
import { routeChips, routeKey } from '../detect/route-words.ts';
import { chip } from '../detect/chip.ts';
import type { Chip } from '../model/chips.ts';
import { l7Figures, mergedFigure, type RouteFigure } from '../model/l7-figures.ts';
import { httpPath, routeText } from '../model/l7-routes.ts';
import type { State } from '../model/state.ts';
import type { Subject } from '../model/subject.ts';
import { inOrder, isFrozen } from '../model/table-order.ts';
import { tableOf } from '../model/tables.ts';

/** One row of the table: a route, or a server with all its routes. */
export interface L7Row {
  key: string;
  name: string;
  figure: RouteFigure;
  jump: RouteJump | undefined;
  chips: Chip[];
  subject: Subject;
}

/** Ways to sort, in the order of the key; the first one is where a reader begins. */
export const SORTS = ['trouble', 'count', '5xx', '4xx', 'p50', 'p90', 'p99', 'p99.9', 'route'] as const;
export type Sort = (typeof SORTS)[number];

/** Errors of a route, in part and number, from which on it stands above the others. */
const [TROUBLE_SHARE, TROUBLE_COUNT] = [0.01, 5];

/** How the reader wants the table. */
export function sortOf(state: State): { by: Sort; isReversed: boolean; isByServer: boolean } {
  const { sort, isReversed, group } = tableOf(state, 'l7');
  return { by: SORTS.find((one) => one === sort) ?? 'trouble', isReversed, isByServer: group === 'server' };
}

interface Kept {
  figures: object;
  order: string;
  rows: L7Row[];
}

const caches = new WeakMap<object, Kept>();

/** The rows of the table in their order. */
export function l7Rows(state: State): L7Row[] {
  const now = l7Figures(state);
  const { by, isReversed, isByServer } = sortOf(state);
  const version = `${by} ${isReversed} ${isByServer}`;
  const order = `${version} ${isFrozen(state, 'l7')}`;
  const known = caches.get(state.l7);
  if (known?.figures === now && known.order === order) return known.rows;
  const jumps = new Map(routeJumps(state).map((jump) => [jump.figure.route.id, jump]));
  const rows = isByServer ? serverRows(state, now.routes, jumps) : now.routes.map((figure) => routeRow(figure, jumps.get(figure.route.id)));
  const compare = (one: L7Row, other: L7Row): number => (by === 'route' ? 0 : valueOf(other, by) - valueOf(one, by) || other.figure.count - one.figure.count) || (one.key < other.key ? -1 : 1);
  const sorted = inOrder(state, 'l7', rows, { version, keyOf: ({ key }) => key, compare: isReversed ? (one, other) => compare(other, one) : compare });
  caches.set(state.l7, { figures: now, order, rows: sorted });
  return sorted;
}

function routeRow(figure: RouteFigure, jump: RouteJump | undefined): L7Row {
  const { route, server } = figure;
  const subject: Subject = { 'to-workload': server, 'to-namespace': server.split('/').length === 2 ? server.split('/')[0] ?? '' : '', protocol: route.protocol === 'Kafka' ? 'kafka' : 'http' };
  if (route.protocol !== 'Kafka') Object.assign(subject, { 'http-path': httpPath(route), ...(route.method === '' ? {} : { 'http-method': route.method }) });
  return { key: routeKey(figure), name: routeText(route), figure, jump, chips: routeChips(figure), subject };
}

function serverRows(state: State, routes: readonly RouteFigure[], jumps: ReadonlyMap<number, RouteJump>): L7Row[] {
  const byServer = new Map<string, RouteFigure[]>();
  for (const figure of routes) byServer.set(figure.server, [...(byServer.get(figure.server) ?? []), figure]);
  return [...byServer].map(([server, figures]) => {
    const figure = mergedFigure(state, figures);
    return {
      key: server, name: figures.length === 1 && figures[0] !== undefined ? routeText(figures[0].route) : `${figures.length} routes`, figure, jump: figures.map(({ route }) => jumps.get(route.id)).find((jump) => jump !== undefined),
      chips: [chip('to-workload', server), chip('protocol', 'http')], subject: { 'to-workload': server, protocol: 'http' },
    };
  });
}

function valueOf({ figure, jump }: L7Row, by: Sort): number {
  const { count, bad, callerBad, answers, quantiles } = figure;
  switch (by) {
    // what has jumped, then what fails often, then the rest as it is
    case 'trouble': return (jump === undefined ? 0 : 2) + (bad >= TROUBLE_COUNT && bad / answers >= TROUBLE_SHARE ? 1 + bad / answers : 0);
    case 'count': return count;
    case '5xx': return answers === 0 ? 0 : bad / answers;
    case '4xx': return answers === 0 ? 0 : callerBad / answers;
    case 'p50': return quantiles?.p50 ?? -1;
    case 'p90': return quantiles?.p90 ?? -1;
    case 'p99': return quantiles?.p99 ?? -1;
    case 'p99.9': return quantiles?.p999 ?? -1;
    case 'route': return 0;
  }
}
