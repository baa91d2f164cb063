import { findings } from '../detect/findings.ts';
import { acknowledge, SHIFT_MS } from '../model/wall.ts';
import type { State } from '../model/state.ts';
import { bigText, BIG_ROWS } from '../screen/big-digits.ts';
import { bar, columns, highest, HOLE } from '../screen/chart.ts';
import { clock, count, percent } from '../screen/format.ts';
import { exactly, left, line, middle, spread, type Line, type Piece, type Size } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { amountText, shortSubject } from './problem-words.ts';
import type { View } from './view.ts';
import { wallPage, type WallFigure, type WallPage } from './wall-page.ts';

/** Big figures for a screen that hangs on a wall: it turns its pages by itself, and an alert takes it over. */
export const wall: View = {
  id: 'wall',
  title: 'Wall',
  short: 'Wall',
  digit: '0',
  footer: [],
  panels: [],
  isWhole: true,
  takesAll(state, action) {
    if (action !== 'pause') return false;
    acknowledge(state.wall, findings(state), state.nowMs);
    return true;
  },
  render(state, size) {
    const page = wallPage(state);
    const { cols } = size;
    const body = page.stale === undefined ? pageLines(state, page, { cols, rows: size.rows - 2 }) : staleLines(page.stale, cols);
    const shift = Math.floor(state.nowMs / SHIFT_MS) % 2;
    return exactly([...Array.from({ length: shift }, () => line(cols, [])), wallHead(state, page, cols), line(cols, [['─'.repeat(cols), 'dim']]), ...exactly(body, { cols, rows: size.rows - 2 - shift })], size);
  },
};

const CORNER: Readonly<Record<WallPage['severity'], { word: string; role: Role }>> = {
  ok: { word: 'OK', role: 'good' }, note: { word: 'OK', role: 'good' }, warn: { word: 'WARN', role: 'warn' }, crit: { word: 'CRIT', role: 'bad' },
};

/** First row of the wall: the state, the cluster, the page, and a clock that moves, so that a frozen wall shows. */
export function wallHead(state: State, page: WallPage, cols: number): Line {
  const corner = page.stale !== undefined ? { word: `STALE ${page.stale.ageText}`, role: 'banner' as const } : CORNER[page.severity];
  return spread(cols, [' [', [corner.word, corner.role], ']  ', [middle(state.server, Math.max(8, Math.floor(cols / 3))), 'title'], `  ${page.title}`], [[`${page.turn}   `, 'dim'], [`${clock(state.nowMs)}Z `, 'text']]);
}

/** What is wrong, for the foot of a page: two rows each where there is room. */
export function alertLines(page: WallPage, cols: number): Line[] {
  if (page.alerts.length === 0) return [line(cols, [['   nothing is wrong that flows can show', 'good']])];
  return page.alerts.map((alert) => {
    const subjectWidth = Math.floor(cols * 0.45);
    return line(cols, ['   ', [left(alert.severity === 'crit' ? 'CRIT' : 'WARN', 5), alert.severity === 'crit' ? 'bad' : 'warn'], [left(alert.word, 9), 'title'], left(shortSubject(alert.subject, subjectWidth - 1), subjectWidth), [left(amountText(alert), 11), 'text'], [alert.cause?.text ?? alert.why, 'dim']]);
  });
}

/** Rows above and below the grid of a page on a terminal: the head, and what is wrong. */
export function wallAround(state: State, page: WallPage, cols: number): { head: Line[]; foot: Line[] } {
  const alerts = exactly(alertLines(page, cols), { cols, rows: ALERT_ROWS });
  return { head: [wallHead(state, page, cols)], foot: [line(cols, [['─'.repeat(cols), 'dim']]), ...alerts] };
}

const ALERT_ROWS = 3;

function staleLines(stale: NonNullable<WallPage['stale']>, cols: number): Line[] {
  return [
    ...Array.from({ length: 3 }, () => line(cols, [[HOLE.repeat(cols), 'banner']], 'banner')), line(cols, []),
    ...bigText(stale.ageText).map((row) => line(cols, ['   ', [row, 'bad']])), line(cols, []),
    line(cols, ['   ', [stale.sinceText, 'title']]), line(cols, ['   ', stale.cause]), line(cols, [['   hubtop keeps trying', 'dim']]),
  ];
}

function pageLines(state: State, page: WallPage, size: Size): Line[] {
  const { cols } = size;
  const alerts = alertLines(page, cols);
  const room = size.rows - alerts.length - 1;
  const made = [...figureLines(page.figures, cols, room), ...gaugeLines(page, cols), ...barLines(page, cols), ...chartLines(page, cols, room)];
  return [...exactly(made, { cols, rows: Math.max(0, room) }), line(cols, [['─'.repeat(cols), 'dim']]), ...alerts];
}

// two beside each other; the second pair only where it fits
function figureLines(figures: readonly WallFigure[], cols: number, room: number): Line[] {
  const half = Math.floor(cols / 2);
  const lines: Line[] = [];
  for (let i = 0; i < figures.length; i += 2) {
    if (lines.length + BIG_ROWS + 2 > room) break;
    const two = [figures[i], figures[i + 1]].filter((figure) => figure !== undefined);
    const cells = (pick: (figure: WallFigure) => Piece): Line => line(cols, two.flatMap((figure): Piece[] => {
      const [text, role] = asPiece(pick(figure));
      return ['   ', [left(text, half - 3), role]];
    }));
    lines.push(cells((figure) => [figure.label, 'title']));
    for (let row = 0; row < BIG_ROWS; row++) lines.push(cells((figure) => [bigText(figure.value)[row] ?? '', figure.role]));
    lines.push(cells((figure) => [figure.note, 'dim']));
  }
  return lines;
}

function asPiece(piece: Piece): readonly [string, Role] {
  return typeof piece === 'string' ? [piece, 'text'] : piece;
}

function gaugeLines(page: WallPage, cols: number): Line[] {
  const width = Math.max(10, cols - 40);
  return page.gauges.map(({ label, fill, note }) => {
    const role: Role = fill >= 0.95 ? 'bad' : fill >= 0.8 ? 'warn' : 'chart';
    return line(cols, ['   ', left(label, 13), [left(bar(fill, width), width), role], ' ', [left(percent(fill), 6), role], [note, 'dim']]);
  });
}

function barLines(page: WallPage, cols: number): Line[] {
  const most = Math.max(...page.bars.map(({ value }) => value), 0);
  const name = Math.min(44, Math.floor(cols * 0.4));
  const width = Math.max(5, cols - name - 16);
  return page.bars.map(({ label, value, text }) => line(cols, ['   ', left(middle(label, name - 1), name), [left(bar(most > 0 ? value / most : 0, width), width), 'chart'], [` ${text}`, 'text']]));
}

function chartLines(page: WallPage, cols: number, room: number): Line[] {
  if (page.lines.length === 0) return [];
  const height = Math.max(1, Math.min(4, Math.floor((room - 16) / page.lines.length)));
  const width = cols - 30;
  return page.lines.flatMap(({ label, points, role }) => {
    const stretched = Array.from({ length: width }, (_, i) => points[Math.floor((i * points.length) / width)]);
    const most = highest(stretched);
    return columns(stretched, height, most).map((row, i) => line(cols, ['   ', [left(i === height - 1 ? label : '', 10), 'dim'], [row, role], [i === 0 ? `  max ${count(most)}` : i === height - 1 ? '  30 min' : '', 'dim']]));
  });
}
