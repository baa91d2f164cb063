import type { Finding } from '../model/finding.ts';
import { count } from '../screen/format.ts';
import { middle } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';

/** How a severity looks. */
export const SEVERITY: Readonly<Record<Finding['severity'], { word: string; role: Role }>> = {
  crit: { word: 'CRIT', role: 'bad' }, warn: { word: 'WARN', role: 'warn' }, note: { word: 'note', role: 'dim' },
};

/** How much, as a reader is told it. */
export function amountText(problem: Finding): string {
  const { value, unit, text } = problem.amount;
  return text ?? `${count(value)}${unit}`;
}

/** A subject in at most `width` cells. Of a pair both names are shortened, not the end, where the port is. */
export function shortSubject(subject: string, width: number): string {
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
