import { EVERY_NAME, NO_ANSWER, NOERROR, NXDOMAIN, rcodeText } from '../model/dns-cells.ts';
import { dnsFigures, type DnsFigures } from '../model/dns-figures.ts';
import { seesAnswers } from '../model/dns-fold.ts';
import { rcodeSeries } from '../model/dns-slots.ts';
import { shareText } from '../model/latency-text.ts';
import type { State } from '../model/state.ts';
import { bar, columns, highest } from '../screen/chart.ts';
import { count } from '../screen/format.ts';
import { left, line, right, type Line, type Size } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { perSecond, showsNoise } from './dns-rows.ts';
import { rule } from './rule.ts';

/** Ways to end that are always listed: a reader looks for them. */
const USUAL: readonly number[] = [NOERROR, NXDOMAIN, 2, NO_ANSWER];

const WORDS: Readonly<Record<number, string>> = {
  2: 'resolver or upstream failed', 5: 'by DNS policy or resolver', [NO_ANSWER]: 'nothing came in 5 s',
};

/** ANSWERS: how lookups ended. */
export function answersSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const now = dnsFigures(state);
  const isRaw = showsNoise(state);
  const rcodes = isRaw ? now.rawRcodes : now.rcodes;
  const total = [...rcodes.values()].reduce((sum, found) => sum + found, 0);
  const listed = listedRcodes(rcodes).slice(0, Math.max(0, size.rows - 1));
  const head = rule(cols, 'ANSWERS', noteOf(now, { total, isRaw, cols, rcodes }), isRaw ? 'B fold search paths' : 'B show noise');
  if (total === 0) return [head, ...nothingAsked(state, now, cols)].slice(0, size.rows);
  return [head, ...listed.map((rcode) => answerLine(state, now, { rcode, found: rcodes.get(rcode) ?? 0, total, cols }))];
}

/** Rows of the section. */
export function answerRows(state: State): number {
  const now = dnsFigures(state);
  return now.lookups === 0 ? 4 : 1 + listedRcodes(showsNoise(state) ? now.rawRcodes : now.rcodes).length;
}

function listedRcodes(rcodes: ReadonlyMap<number, number>): number[] {
  return [...new Set([...USUAL, ...[...rcodes.keys()].sort((one, other) => (rcodes.get(other) ?? 0) - (rcodes.get(one) ?? 0))])];
}

function noteOf(now: DnsFigures, shape: { total: number; isRaw: boolean; cols: number; rcodes: ReadonlyMap<number, number> }): string {
  const { total, isRaw, cols, rcodes } = shape;
  const rate = `${Math.round(now.seconds)}s   ${now.isLowerBound ? '≥' : ''}${count(perSecond(total, now))} ${isRaw ? 'questions' : 'lookups'}/s`;
  if (total === 0) return `${Math.round(now.seconds)}s`;
  const fail = `fail ${shareText(1 - (rcodes.get(NOERROR) ?? 0) / total)}`;
  if (isRaw) return `${rate}   ${fail} of questions as they were asked`;
  const hidden = now.noise === 0 ? '' : ` (search-path noise ${shareText(now.noise / (now.noise + now.lookups))} hidden)`;
  return `${rate}   ${fail}${cols >= 110 ? hidden : now.noise === 0 ? '' : ' (noise hidden)'}`;
}

function answerLine(state: State, now: DnsFigures, shape: { rcode: number; found: number; total: number; cols: number }): Line {
  const { rcode, found, total, cols } = shape;
  const isWide = cols >= 110;
  const [barWidth, trendWidth] = isWide ? [36, 26] : [28, 13];
  const role: Role = rcode === NOERROR ? 'good' : found === 0 ? 'dim' : rcode === NXDOMAIN ? 'warn' : 'bad';
  const points = rcodeSeries(now.ring, EVERY_NAME, { span: now.span, columns: trendWidth }, (rcodes) => rcodes.get(rcode) ?? 0);
  const isUnknown = rcode === NO_ANSWER && !seesAnswers(state.chips);
  return line(cols, [
    ' ', [left(rcodeText(rcode), 10), role], [right(isUnknown ? '?' : shareText(found / total), 6), found === 0 ? 'dim' : 'text'], [right(isUnknown ? '?' : `${count(perSecond(found, now))}/s`, 8), found === 0 ? 'dim' : 'text'], ' ',
    [left(bar(found / total, barWidth), barWidth), role], ' ', [left(columns(points, 1, highest(points))[0] ?? '', trendWidth), role === 'good' ? 'chart' : role],
    [isUnknown ? '  not known under this filter' : isWide ? `  ${WORDS[rcode] ?? ''}` : '', 'dim'],
  ]);
}

function nothingAsked(state: State, now: DnsFigures, cols: number): Line[] {
  const sentences = now.seconds === 0
    ? ['no time was observed yet']
    : state.chips.length > 0
      ? ['no lookup passes the filter: x clears it']
      : ['no lookup was seen in this window', 'Cilium parses DNS where a CiliumNetworkPolicy has rules.dns on port 53; matchPattern "*" parses all and refuses none'];
  return sentences.map((sentence, i) => line(cols, ['   ', [sentence, i === 0 ? 'text' : 'dim']]));
}

