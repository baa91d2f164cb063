import { figures, rate } from '../model/figures.ts';
import { momentMs } from '../model/moment.ts';
import { isKnownAt, nodeMoment } from '../model/node-moment.ts';
import type { Replay } from '../model/replay.ts';
import type { State } from '../model/state.ts';
import { timeEvents, type TimeEvent } from '../model/time-events.ts';
import { clock, count, percent } from '../screen/format.ts';
import { line, spread, type Line, type Piece } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';

/** The truth bar of a file: where in it the reader stands, and what was seen then. */
export function replayBar(state: State, replay: Replay, cols: number): Line {
  const isWide = cols >= 110;
  const gap = isWide ? '   ' : ' ';
  const now = figures(state);
  const nodes = [...state.nodes.values()].filter((node) => isKnownAt(state, node)).map((node) => nodeMoment(state, node));
  const troubled = nodes.filter((node) => node.trouble !== '').length;
  const moment = momentMs(state);
  const word = replay.isPlaying ? `REPLAY ×${replay.speed}` : 'REPLAY';
  const name = shortName(replay.file, isWide ? 32 : 20);
  const left: Piece[] = [' [', [word, 'warn'], ']', gap, [name, 'title'], gap, [`${clock(moment)}Z`, 'accent'], [` of ${clock(replay.fromMs)}-${replay.toMs === 0 ? '…' : clock(replay.toMs)}`, 'text']];
  // what it was called matters more than a rate that the charts show as well
  if (isWide) left.push(gap, now.nowSeconds > 0 ? `${now.isLowerBound ? '≥' : ''}${count(rate(now.now.flows, now.now))} fl/s` : '- fl/s');
  if (nodes.length > 0) left.push(gap, isWide ? 'nodes ' : 'n', [`${nodes.length - troubled}/${nodes.length}`, troubled > 0 ? 'bad' : 'text']);
  const atMost = now.ledger.isPartial ? '≤' : '';
  left.push(gap, isWide ? 'seen ' : 'seen', now.seen === undefined ? ['?', 'dim'] : [`${atMost}${percent(now.seen)}`, now.seen < 0.995 || atMost !== '' ? 'warn' : 'text']);
  return spread(cols, left, readingPieces(replay));
}

function readingPieces({ isRead, readShare }: Replay): Piece[] {
  if (isRead) return [];
  return [[readShare === undefined ? 'reading ' : `reading ${percent(readShare)} `, 'warn']];
}

function shortName(file: string, width: number): string {
  return file.length > width ? `${file.slice(0, width - 1)}…` : file;
}

const MARKS: Readonly<Record<TimeEvent['kind'], { glyph: string; role: Role; rank: number }>> = {
  gap: { glyph: '░', role: 'gap', rank: 1 }, end: { glyph: '·', role: 'dim', rank: 0 }, change: { glyph: '▲', role: 'warn', rank: 2 }, begin: { glyph: '!', role: 'bad', rank: 3 },
};

/** The file as a strip: the moment, what happened when, and the marks that were set. */
export function replayStrip(state: State, replay: Replay, cols: number): Line {
  const keys = cols >= 110 ? ' Space plays  [ ] step  { } event  < > zoom ' : ' Space [ ] { } ';
  const width = cols - keys.length - 3;
  const from = Math.max(replay.fromMs, earliest(state, replay));
  const to = Math.max(replay.toMs, state.nowMs);
  const cellOf = (timeMs: number): number => Math.max(0, Math.min(width - 1, Math.floor(((timeMs - from) * width) / Math.max(1, to - from))));
  const cells: Piece[] = Array.from({ length: width }, () => ['─', 'dim']);
  for (const event of timeEvents(state).sort((one, other) => MARKS[one.kind].rank - MARKS[other.kind].rank)) {
    const { glyph, role } = MARKS[event.kind];
    if (event.timeMs < from || event.timeMs > to) continue;
    for (let cell = cellOf(event.timeMs); cell <= cellOf(event.untilMs ?? event.timeMs); cell++) cells[cell] = [glyph, role];
  }
  for (const [letter, timeMs] of state.marks) cells[cellOf(timeMs)] = [letter, 'accent'];
  cells[cellOf(momentMs(state))] = ['█', 'accent'];
  return line(cols, [' ', ['│', 'dim'], ...cells, ['│', 'dim'], [keys, 'dim']]);
}

// what fell out of the model is no place to go to
function earliest(state: State, replay: Replay): number {
  const oldest = Math.max(state.fromTelemetry.oldestSecond, state.fromFlows.oldestSecond) * 1000;
  return oldest === 0 ? replay.fromMs : oldest;
}
