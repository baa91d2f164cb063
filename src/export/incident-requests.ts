import { rcodeText } from '../model/dns-cells.ts';
import { dnsFigures, worstRcode } from '../model/dns-figures.ts';
import { l7Figures } from '../model/l7-figures.ts';
import { routeText } from '../model/l7-routes.ts';
import type { State } from '../model/state.ts';
import type { Section } from './document.ts';

/** Rows of each table at most. */
const MAX_ROWS = 15;

/** What applications said, where anybody reads them: routes with errors first, names that fail. */
export function requestSections(state: State): Section[] {
  return [...routeSection(state), ...nameSection(state)];
}

function routeSection(state: State): Section[] {
  const { routes } = l7Figures(state);
  if (routes.length === 0) return [];
  const worst = routes.toSorted((one, other) => other.bad - one.bad || other.count - one.count).slice(0, MAX_ROWS);
  const ms = (us: number | undefined): string => (us === undefined ? '' : String(Math.round(us / 100) / 10));
  return [{
    title: `Requests, the most errors first${routes.length > worst.length ? ` (${worst.length} of ${routes.length} routes)` : ''}`, level: 2,
    blocks: [{
      kind: 'table', head: ['route', 'server', 'count', 'errors', 'p50 ms', 'p99 ms'], right: ['count', 'errors', 'p50 ms', 'p99 ms'],
      rows: worst.map(({ route, server, count, bad, quantiles }) => [routeText(route), server, String(Math.round(count)), String(Math.round(bad)), ms(quantiles?.p50), ms(quantiles?.p99)]),
    }],
  }];
}

function nameSection(state: State): Section[] {
  const failing = dnsFigures(state).names.filter(({ failed }) => failed > 0).sort((one, other) => other.failed - one.failed);
  if (failing.length === 0) return [];
  return [{
    title: `Lookups that failed${failing.length > MAX_ROWS ? ` (${MAX_ROWS} of ${failing.length} names)` : ''}`, level: 2,
    blocks: [{
      kind: 'table', head: ['name', 'failed', 'of', 'mostly', 'who asks'], right: ['failed', 'of'],
      rows: failing.slice(0, MAX_ROWS).map((name) => [name.name, String(Math.round(name.failed)), String(Math.round(name.lookups)), rcodeText(worstRcode(name)), name.failedAskers.slice(0, 3).map((asker) => asker.name).join(', ')]),
    }],
  }];
}
