import { findings } from '../detect/findings.ts';
import type { Finding } from '../model/finding.ts';
import { figures } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import type { Role } from '../theme/theme.ts';
import { clock, count, percent } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { panelCursor } from './view.ts';

const SEVERITY: Readonly<Record<Finding['severity'], { word: string; role: Role }>> = {
  crit: { word: 'CRIT', role: 'bad' }, warn: { word: 'WARN', role: 'warn' }, note: { word: 'note', role: 'dim' },
};

/** What is first seen so soon after the start was there before. */
const ARRIVAL_MS = 5_000;

/** WHAT IS WRONG: the ranked list. Says so when nothing is. */
export function problemsSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const list = findings(state);
  const rows = size.rows - 1;
  const { at: selected, isFocused } = panelCursor(state, 'overview', { panel: 0, keys: list.map((problem) => problem.key) });
  const top = scrollTop(selected, list.length, rows);
  const lines = list.slice(top, top + rows).map((problem, i) => problemLine(state, problem, { cols, isSelected: isFocused && top + i === selected }));
  if (list.length === 0) lines.push(nothingWrong(state, cols));
  const hidden = list.length - Math.min(rows, list.length);
  return [rule(cols, 'WHAT IS WRONG', noteOf(state, list), `${list.length} open${hidden > 0 ? `, ${hidden} not shown` : ''}`), ...lines];
}

/** Problems that are told by the latest report only: a moment of the past has none of them. */
const OF_NOW: readonly string[] = ['NODE', 'CT', 'MAP'];

function noteOf(state: State, list: readonly Finding[]): string {
  if (state.pausedAtMs === 0) return 'worst first';
  const ofNow = OF_NOW.filter((word) => list.some((problem) => problem.word === word));
  return `at ${clock(state.pausedAtMs)}Z${ofNow.length > 0 ? `, ${ofNow.join(' ')} as of now` : ''}`;
}

function nothingWrong(state: State, cols: number): Line {
  const { seen, seconds } = figures(state);
  if (seconds === 0) return line(cols, [['   waiting for the first figures', 'dim']]);
  const sight = seen === undefined ? 'nobody here counts what was not seen' : `seen ${percent(seen)}`;
  return line(cols, [['   nothing is wrong that flows can show', 'good'], [` (${sight})`, 'dim']]);
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

function amountText(problem: Finding): string {
  const { value, unit, text } = problem.amount;
  return text ?? `${count(value)}${unit}`;
}

// a pair: shorten both names, not the end, where the port is
function shortSubject(subject: string, width: number): string {
  if (subject.length <= width) return subject;
  const parts = subject.split(' → ');
  if (parts.length !== 2) return middle(subject, width);
  const [source = '', destination = ''] = parts;
  const namespace = source.slice(0, source.indexOf('/') + 1);
  const target = namespace !== '' && destination.startsWith(namespace) ? destination.slice(namespace.length) : destination;
  const room = width - 3;
  const sourceWidth = Math.max(6, Math.min(source.length, room - Math.min(target.length, room >> 1)));
  const colon = target.lastIndexOf(':');
  const port = colon < 0 ? '' : target.slice(colon);
  const name = colon < 0 ? target : target.slice(0, colon);
  const cut = middle(source, sourceWidth);
  return `${cut} → ${middle(name, Math.max(4, room - cut.length - port.length))}${port}`;
}
