import { brokenResolver } from '../detect/one-resolver.ts';
import { NO_ANSWER, NOERROR, NXDOMAIN, rcodeText } from '../model/dns-cells.ts';
import { dnsFigures, type ResolverFigure } from '../model/dns-figures.ts';
import { figures } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import { clock } from '../screen/format.ts';
import { line, middle, type Line, type Size } from '../screen/line.ts';
import { dnsFindings } from './dns-rows.ts';
import { rule } from './rule.ts';

const DNS_PORT = 53;

/** READING: what is likely behind it, what to type next, and how the figures are to be read. */
export function readingSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const now = dnsFigures(state);
  const found = dnsFindings(state);
  const told = found.slice(0, 2).flatMap(({ subject, why, sinceMs, cause, next }): Line[] => [
    line(cols, [' ', [`since ${clock(sinceMs)}Z `, 'dim'], middle(`${subject}: ${why}`, cols - 19)]),
    ...(cause === undefined ? [] : [line(cols, [' ', cause.isCertain ? ['CAUSE  ', 'bad'] : ['LIKELY ', 'warn'], middle(cause.text, cols - 9)])]),
    ...(next?.[0] === undefined ? [] : [line(cols, [' ', ['NEXT   ', 'dim'], [middle(next[0], cols - 9), 'accent']])]),
  ]);
  const only = brokenResolver(now);
  const hint = told.length > 0 || only === undefined ? [] : [line(cols, [' ', ['LIKELY ', 'warn'], middle(`${kindsOf(only)} comes from ${only.name} alone: it, or its upstream`, cols - 9)])];
  const calm = told.length === 0 && hint.length === 0 && now.lookups > 0 ? [line(cols, [['   no storm, no silent resolver, nothing that changed against the minutes before', 'good']])] : [];
  const notes = [
    'search paths: x.ns.svc, x.svc, x.cluster.local and x are one lookup, failed only if the last try failed; B shows raw',
    'what two nodes told of counts once; no answer: nothing came within 5 s, however often it was asked again',
  ].map((note) => line(cols, [' ', [middle(note, cols - 2), 'dim']]));
  const body = [...told, ...hint, ...calm];
  return [rule(cols, 'READING'), ...body.slice(0, size.rows - 1), ...notes].slice(0, size.rows);
}

function kindsOf({ rcodes }: ResolverFigure): string {
  const [worst] = rcodes.filter(([rcode]) => rcode !== NOERROR && rcode !== NXDOMAIN);
  return worst?.[0] === NO_ANSWER ? 'silence' : rcodeText(worst?.[0] ?? NO_ANSWER);
}

/** How many of those who ask have their questions parsed. */
export function dnsSightWords(state: State): string {
  const asking = new Set(figures(state).pairs.flatMap(({ pair }) => (pair.port === DNS_PORT && pair.source.workload !== '' ? [pair.source.name] : [])));
  const parsed = new Set(dnsFigures(state).askers.map(({ name }) => name));
  const known = new Set([...asking, ...parsed]);
  const by = state.dns.sources.size === 0 ? '' : ` (told by ${[...state.dns.sources].join(', ')})`;
  if (known.size === 0) return 'nobody asks for names in what was seen of this window';
  return `DNS is visible for ${parsed.size} of ${known.size} workloads that use port 53${by}: parsed where a rule, proxy or parser applies`;
}
