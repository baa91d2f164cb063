import { lengthOf, line, type Line, type Piece } from '../screen/line.ts';

/** A section's head: `── TITLE  note ───── right ──`. */
export function rule(cols: number, title: string, note = '', right = ''): Line {
  const start: Piece[] = [['── ', 'dim'], [title, 'title'], ' '];
  if (note !== '') start.push([` ${note} `, 'dim']);
  const end: Piece[] = right === '' ? [] : [[` ${right} ──`, 'dim']];
  const room = cols - lengthOf(start) - lengthOf(end);
  if (room < 2) return line(cols, [...start, ['─'.repeat(Math.max(0, cols - lengthOf(start))), 'dim']]);
  return line(cols, [...start, ['─'.repeat(room), 'dim'], ...end]);
}
