import { findings } from '../detect/findings.ts';
import { ARRIVAL_MS } from '../detect/rank.ts';
import type { Finding } from '../model/finding.ts';
import { figures } from '../model/figures.ts';
import { hidesTraffic, type State } from '../model/state.ts';
import { clock, count, percent } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { amountText, SEVERITY, shortSubject } from './problem-words.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { panelCursor } from './view.ts';
import { wrapAtMost } from './wrap.ts';

/** WHAT IS WRONG: the ranked list. Says so when nothing is. */
export function problemsSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const list = findings(state);
  const { at: selected, isFocused } = panelCursor(state, 'overview', { panel: 0, keys: list.map((problem) => problem.key) });
  const told = causeLines(state, list[selected], cols);
  const rows = Math.max(1, size.rows - 1 - told.length);
  const top = scrollTop(selected, list.length, rows);
  const lines = list.slice(top, top + rows).flatMap((problem, i) => {
    const row = problemLine(state, problem, { cols, isSelected: isFocused && top + i === selected });
    return top + i === selected ? [row, ...told] : [row];
  });
  if (list.length === 0) lines.push(nothingWrong(state, cols));
  const hidden = list.length - Math.min(rows, list.length);
  return [rule(cols, 'WHAT IS WRONG', noteOf(state), `${list.length} open${hidden > 0 ? `, ${hidden} not shown` : ''}`), ...lines];
}

/** Rows that the selected finding takes besides its own: since when, what is behind it, and what to type next. */
export function causeRows(state: State, cols: number): number {
  const list = findings(state);
  return causeLines(state, list[panelCursor(state, 'overview', { panel: 0, keys: list.map((problem) => problem.key) }).at], cols).length;
}

/** A cause is told in so many rows at most: the view behind Enter has all of it. */
const CAUSE_ROWS = 2;

function causeLines(state: State, finding: Finding | undefined, cols: number): Line[] {
  if (finding === undefined) return [];
  const isWide = cols >= 110;
  const indent = isWide ? '        ' : '      ';
  const likely = finding.cause?.isCertain === false ? 'LIKELY ' : '';
  // the rows of a narrow screen have no room for the time and the whole why
  const words = [isWide ? '' : sinceText(state, finding) || 'since before hubtop looked', finding.cause?.text ?? (isWide || finding.why.length <= finding.brief.length ? '' : finding.why)].filter((part) => part !== '').join(': ');
  const rows = wrapAtMost(words, { width: cols - indent.length - likely.length - 1, rows: CAUSE_ROWS });
  const next = finding.cause === undefined ? undefined : finding.next?.[0];
  return [
    ...(words === '' ? [] : rows).map((row, i) => line(cols, [indent, [i === 0 ? likely : ' '.repeat(likely.length), 'warn'], row])),
    ...(next === undefined ? [] : [line(cols, [indent, ['y copies ', 'dim'], [left(next, cols - indent.length - 10).trimEnd(), 'accent']])]),
  ];
}

function noteOf(state: State): string {
  return state.pausedAtMs === 0 ? 'newest and worst first' : `at ${clock(state.pausedAtMs)}Z`;
}

function nothingWrong(state: State, cols: number): Line {
  const { seen, seconds } = figures(state);
  if (seconds === 0) return line(cols, [['   waiting for the first figures', 'dim']]);
  const sight = seen === undefined ? 'nobody here counts what was not seen' : `seen ${percent(seen)}`;
  return line(cols, [[`   nothing is wrong that flows ${hidesTraffic(state) ? 'of this filter ' : ''}can show`, 'good'], [` (${sight})`, 'dim']]);
}

function problemLine(state: State, problem: Finding, row: { cols: number; isSelected: boolean }): Line {
  const { cols } = row;
  const severity = SEVERITY[problem.severity];
  const isWide = cols >= 110;
  const subjectWidth = isWide ? Math.floor(cols * 0.35) : 38;
  const sinceWidth = isWide ? 16 : 0;
  const whyWidth = cols - subjectWidth - sinceWidth - (isWide ? 29 : 25);
  const marker: Piece = row.isSelected ? [isWide ? ' ► ' : '►', 'accent'] : isWide ? '   ' : ' ';
  const isDim = severity.role === 'dim';
  const pieces: Piece[] = [
    marker, [severity.word, severity.role], ' ', [left(problem.word, isWide ? 8 : 7), isDim ? 'dim' : 'title'], ' ',
    left(shortSubject(problem.subject, subjectWidth), subjectWidth), ' ',
    [right(amountText(problem), 10), isDim ? 'dim' : 'text'], ' ', [left(whyText(problem, whyWidth - 1, isWide), whyWidth - 1) + ' ', severity.role === 'bad' || problem.isRegular === true ? 'warn' : 'dim'],
  ];
  if (isWide) pieces.push([right(sinceText(state, problem), sinceWidth - 1), 'dim'], ' ');
  return line(cols, pieces, row.isSelected ? 'selected' : undefined);
}

// a whole short sentence says more than the half of a long one
function whyText(problem: Finding, width: number, isWide: boolean): string {
  if (problem.lastMs !== undefined && !isWide) return `last ${clock(problem.lastMs)}`;
  return problem.why.length <= width ? problem.why : middle(problem.brief, width);
}

// what was there when we came has begun at a time nobody here knows
function sinceText(state: State, problem: Finding): string {
  if (problem.lastMs !== undefined) return `last ${clock(problem.lastMs)}`;
  const isKnown = Number.isFinite(problem.sinceMs) && problem.sinceMs >= state.startedMs + ARRIVAL_MS;
  if (problem.timesMore === undefined) return isKnown ? `since ${clock(problem.sinceMs)}` : '';
  return `×${count(problem.timesMore)}${isKnown ? ` since ${clock(problem.sinceMs).slice(0, 5)}` : ' of before'}`;
}
