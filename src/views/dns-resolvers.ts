import { resolverEntity } from '../model/dns-cells.ts';
import { dnsFigures, type DnsFigures, type ResolverFigure } from '../model/dns-figures.ts';
import { badShare, rcodeSeries } from '../model/dns-slots.ts';
import { latencyText, shareText } from '../model/latency-text.ts';
import type { State } from '../model/state.ts';
import { columns, highest } from '../screen/chart.ts';
import { count } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Size } from '../screen/line.ts';
import { PANEL, perSecond, resolverRows } from './dns-rows.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { panelCursor } from './view.ts';

/** Part of its answers that a resolver may fail before it is marked. */
const BAD_SHARE = 0.01;
/** A chart of failing reaches at least so high: one failure in a thousand is no mountain. */
const LEAST_SCALE = 0.05;

/** RESOLVERS: each one that was asked; one line each finds the one that is bad. */
export function resolversSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const now = dnsFigures(state);
  const rows = resolverRows(state);
  const isWide = cols >= 110;
  const shape = { cols, isWide, hasNodes: rows.some(({ resolver }) => resolver.node !== ''), trendWidth: isWide ? 26 : 13 };
  const { at, isFocused } = panelCursor(state, 'dns', { panel: PANEL.RESOLVERS, keys: rows.map(({ resolver }) => resolver.name) });
  const head = isWide ? 1 : 0;
  const listRows = Math.max(0, size.rows - 1 - head);
  const top = scrollTop(at, rows.length, listRows);
  const lines = rows.slice(top, top + listRows).map((row, i) => resolverLine(now, row, { ...shape, isSelected: isFocused && top + i === at }));
  if (rows.length === 0) lines.push(line(cols, [['   nobody was asked', 'dim']]));
  const hidden = rows.length - Math.min(listRows, rows.length);
  const heading = line(cols, [[`   ${left('RESOLVER', nameWidth(shape))}${shape.hasNodes ? left('NODE', 12) : ''}${right('ASK/s', 7)}${right('FAIL%', 7)}${right('p50', 8)}${right('p99', 8)}  FAILING`, 'dim']]);
  return [rule(cols, 'RESOLVERS', '', [...(hidden > 0 ? [`${hidden} more`] : []), isWide ? 'questions as they were asked; NXDOMAIN is an answer' : ''].join('   ').trim()), ...(isWide ? [heading] : []), ...lines].slice(0, size.rows);
}

interface Shape {
  cols: number;
  isWide: boolean;
  hasNodes: boolean;
  trendWidth: number;
}

function nameWidth({ cols, isWide, hasNodes, trendWidth }: Shape): number {
  return cols - 3 - (hasNodes && isWide ? 12 : 0) - (isWide ? 30 : 26) - 2 - trendWidth - (isWide ? 18 : 12);
}

function resolverLine(now: DnsFigures, { resolver, isOnlyOne }: { resolver: ResolverFigure; isOnlyOne: boolean }, shape: Shape & { isSelected: boolean }): Line {
  const { cols, isWide, isSelected, trendWidth } = shape;
  const width = nameWidth(shape);
  const share = resolver.answers === 0 ? 0 : resolver.bad / resolver.answers;
  const role = share >= BAD_SHARE ? 'bad' : share > 0 ? 'warn' : 'dim';
  const points = rcodeSeries(now.ring, resolverEntity(resolver.id), { span: now.span, columns: trendWidth }, badShare);
  const quantile = (us: number | undefined): string => (us === undefined ? '-' : latencyText(us));
  return line(cols, [
    isSelected ? [' ► ', 'accent'] : '   ', left(middle(resolver.name.length > width - 1 ? resolver.name.slice(resolver.name.indexOf('/') + 1) : resolver.name, width - 1), width),
    ...(isWide && shape.hasNodes ? [[left(middle(resolver.node, 11), 12), 'dim'] as const] : []),
    [right(count(perSecond(resolver.answers, now)), isWide ? 7 : 6), 'text'], [right(shareText(share), 7), role], ...(isWide ? [[right(quantile(resolver.quantiles?.p50), 8), 'text'] as const] : []),
    [right(quantile(resolver.quantiles?.p99), isWide ? 8 : 7), 'text'], ...(isWide ? [] : [[' p99', 'dim'] as const]), '  ', [left(columns(points, 1, Math.max(LEAST_SCALE, highest(points)))[0] ?? '', trendWidth), role === 'dim' ? 'chart' : role],
    [isOnlyOne ? (isWide ? ' ← only this one' : ' ← this one') : '', 'bad'],
  ], isSelected ? 'selected' : undefined);
}
