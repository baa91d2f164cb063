import { NO_ANSWER, NXDOMAIN, rcodeText } from '../model/dns-cells.ts';
import { dnsFigures, worstRcode, type DnsFigures, type NameFigure, type Share } from '../model/dns-figures.ts';
import { ANSWER_MS } from '../model/dns-pending.ts';
import { nameFailsSince } from '../model/dns-slots.ts';
import { latencyText } from '../model/latency-text.ts';
import { slotOf } from '../model/slot-ring.ts';
import type { State } from '../model/state.ts';
import { clock, count } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { failingNames, failingSort, PANEL, perSecond, showsNoise, slowNames } from './dns-rows.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { panelCursor } from './view.ts';

interface Section {
  title: string;
  note: string;
  right: string;
  panel: number;
  heading(width: number): string;
  row(name: NameFigure, width: number): Piece[];
  empty: string;
}

/** FAILING NAMES: which names fail, how, for whom, since when. */
export function failingSection(state: State, size: Size): Line[] {
  const now = dnsFigures(state);
  const isWide = size.cols >= 110;
  const who = isWide ? 29 : 19;
  const lines = namesSection(state, failingNames(state), size, {
    title: 'FAILING NAMES', note: '', right: `Enter its flows   s sort: ${failingSort(state)}`, panel: PANEL.FAILING,
    heading: (width) => `${left('NAME', width)}${left('ENDS IN', 10)}${right('FAIL/s', 7)}${isWide ? right('OK/s', 7) : ''}${right('p99', 7)}  ${left('WHO ASKS', who)}${isWide ? left(' SINCE', 10) : ''}`,
    row: (figure, width) => [
      left(shortName(figure.name, width - 1), width), [left(rcodeText(worstRcode(figure)), 10), worstRcode(figure) === NXDOMAIN ? 'warn' : 'bad'], [right(count(perSecond(figure.failed, now)), 7), 'text'],
      ...(isWide ? [[right(count(perSecond(figure.lookups - figure.failed, now)), 7), 'dim'] as const] : []), [right(p99Of(figure), 7), 'text'], '  ', [left(whoText(figure.failedAskers, who - 1), who), 'dim'],
      ...(isWide ? [[left(sinceText(now, figure), 10), 'dim'] as const] : []),
    ],
    empty: now.lookups === 0 ? '' : 'no lookup failed in this window',
  });
  return showsNoise(state) ? withNoise(lines, now, size) : lines;
}

// what failed when we came may have failed before; a question without an answer is counted when its time is over
function sinceText({ ring, span }: DnsFigures, figure: NameFigure): string {
  const sinceMs = nameFailsSince(ring, figure.id, span.to);
  const isOlder = slotOf(sinceMs) <= ring.first + 1;
  return `${isOlder ? '≤' : ' '}${clock(sinceMs - (worstRcode(figure) === NO_ANSWER ? ANSWER_MS : 0))}Z`;
}

/** SLOW NAMES: answers that come late. */
export function slowSection(state: State, size: Size): Line[] {
  const now = dnsFigures(state);
  const isWide = size.cols >= 110;
  const who = isWide ? 39 : 19;
  return namesSection(state, slowNames(state), size, {
    title: 'SLOW NAMES', note: '', right: 'p99, slowest first', panel: PANEL.SLOW,
    heading: (width) => `${left('NAME', width)}${right('ASK/s', 7)}${right('p50', 8)}${right('p99', 8)}${isWide ? right('p99.9', 8) : ''}  ${left('WHO ASKS', who)}`,
    row: (figure, width) => [
      left(shortName(figure.name, width - 1), width), [right(count(perSecond(figure.lookups, now)), 7), 'text'], [right(latencyOf(figure.quantiles?.p50), 8), 'text'], [right(latencyOf(figure.quantiles?.p99), 8), 'warn'],
      ...(isWide ? [[right(latencyOf(figure.quantiles?.p999), 8), 'text'] as const] : []), '  ', [left(whoText(figure.askers, who - 1), who), 'dim'],
    ],
    empty: now.lookups === 0 ? '' : 'no name is slow: none has a p99 of 20 ms or more',
  });
}

function namesSection(state: State, names: readonly NameFigure[], size: Size, section: Section): Line[] {
  const { cols } = size;
  const nameWidth = cols - 3 - section.heading(0).length;
  const { at, isFocused } = panelCursor(state, 'dns', { panel: section.panel, keys: names.map(({ name }) => name) });
  const rows = Math.max(0, size.rows - 2);
  const top = scrollTop(at, names.length, rows);
  const lines = names.slice(top, top + rows).map((figure, i) => {
    const isSelected = isFocused && top + i === at;
    return line(cols, [isSelected ? [' ► ', 'accent'] : '   ', ...section.row(figure, nameWidth)], isSelected ? 'selected' : undefined);
  });
  if (names.length === 0) lines.push(line(cols, ['   ', [section.empty, 'dim']]));
  const hidden = names.length - Math.min(rows, names.length);
  return [rule(cols, section.title, section.note, [...(hidden > 0 ? [`${hidden} more`] : []), section.right].join('   ')), line(cols, [[`   ${section.heading(nameWidth)}`, 'dim']]), ...lines].slice(0, size.rows);
}

// what folding takes away, below what is left
function withNoise(lines: readonly Line[], now: DnsFigures, { cols, rows }: Size): Line[] {
  const noise = now.noiseNames.map(({ name, count: tries }) => line(cols, ['   ', [left(middle(name, 50), 52), 'dim'], [`${count(perSecond(tries, now))}/s tries along the search path, each followed by another`, 'dim']]));
  return [...lines.slice(0, Math.max(2, rows - noise.length)), ...noise].slice(0, rows);
}

/** A name in at most `width` cells: its beginning tells names apart, its end where it belongs. */
function shortName(name: string, width: number): string {
  if (name.length <= width) return name;
  const brief = name.replace(/\.svc\.[a-z0-9.-]+$/, '.svc…');
  return brief.length <= width ? brief : middle(name, width);
}

function p99Of({ quantiles }: NameFigure): string {
  return latencyOf(quantiles?.p99);
}

function latencyOf(us: number | undefined): string {
  return us === undefined ? '-' : latencyText(us);
}

/** Who asks, the busiest by name. */
function whoText(shares: readonly Share[], width: number): string {
  const [first] = shares;
  if (first === undefined) return '-';
  const more = shares.length > 1 ? ` +${shares.length - 1}` : '';
  return `${middle(first.name.length + more.length > width ? first.name.slice(first.name.indexOf('/') + 1) : first.name, width - more.length)}${more}`;
}
