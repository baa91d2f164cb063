import type { Chip } from './chips.ts';
import type { Pair } from './directory.ts';
import type { Subject } from './subject.ts';

const TCP = 6;
const UDP = 17;
const SCTP = 132;

/** The port behind a pair's destination, such as `:8080` or `:53/UDP`; nothing for protocols without ports. */
export function portText(pair: Pair): string {
  if (!hasPort(pair)) return '';
  return `:${pair.port}${pair.protocol === UDP ? '/UDP' : pair.protocol === SCTP ? '/SCTP' : ''}`;
}

// the port of an ICMP pair is its type
function hasPort(pair: Pair): boolean {
  return pair.port > 0 && (pair.protocol === TCP || pair.protocol === UDP || pair.protocol === SCTP || pair.protocol === 0);
}

// asked for each pair that drops, each second
const texts = new WeakMap<Pair, string>();
const filters = new WeakMap<Pair, readonly Chip[]>();

/** The name of a pair as text: `shop/a → shop/b:8080/TCP`. */
export function pairText(pair: Pair, arrow = '→'): string {
  const known = arrow === '→' ? texts.get(pair) : undefined;
  if (known !== undefined) return known;
  const text = `${pair.source.name} ${arrow} ${pair.destination.name}${portText(pair)}`;
  if (arrow === '→') texts.set(pair, text);
  return text;
}

/** Filter for the flows of a pair, from its client to its server. */
export function pairChips(pair: Pair): readonly Chip[] {
  const known = filters.get(pair);
  if (known !== undefined) return known;
  const made = makeChips(pair);
  filters.set(pair, made);
  return made;
}

function makeChips(pair: Pair): Chip[] {
  const chips: Chip[] = [{ field: 'from-workload', value: pair.source.name, isNegated: false }, { field: 'to-workload', value: pair.destination.name, isNegated: false }];
  if (hasPort(pair)) chips.push({ field: 'port', value: String(pair.port), isNegated: false });
  return chips;
}

/** What the pivot keys can read from a pair. */
export function pairSubject(pair: Pair): Subject {
  const subject = subjectOfChips(pairChips(pair));
  if (pair.source.namespace !== '') subject['from-namespace'] = pair.source.namespace;
  if (pair.destination.namespace !== '') subject['to-namespace'] = pair.destination.namespace;
  return subject;
}

/** What the pivot keys can read from conditions that hold for a row. */
export function subjectOfChips(chips: readonly Chip[]): Subject {
  return Object.fromEntries(chips.map((chip) => [chip.field, chip.value]));
}
