import type { Pair, Party } from '../model/directory.ts';
import type { DropFact } from '../model/drop-facts.ts';
import { dropClass } from '../model/drop-words.ts';
import type { Selector, SelectorField } from './condition.ts';
import { DROP_CLASSES } from './selector-values.ts';

const PROTOCOLS: Readonly<Record<string, readonly number[]>> = { tcp: [6], udp: [17], icmp: [1, 58], sctp: [132] };

/** Selectors that are about who talks to whom. */
export const END_FIELDS: readonly SelectorField[] = [
  'ns', 'from-ns', 'to-ns', 'workload', 'from-workload', 'to-workload', 'pod', 'from-pod', 'to-pod', 'port', 'protocol',
];

/** Whether a pair meets the selectors that are about namespaces, workloads, port and protocol; the others are met elsewhere. */
export function matchesPair(pair: Pair, selectors: readonly Selector[]): boolean {
  return selectors.every((selector) => {
    const isMet = meets(pair, selector);
    return isMet === undefined || isMet !== selector.isNegated;
  });
}

function meets(pair: Pair, { field, value }: Selector): boolean | undefined {
  const { source, destination } = pair;
  switch (field) {
    case 'ns': return source.namespace === value || destination.namespace === value;
    case 'from-ns': return source.namespace === value;
    case 'to-ns': return destination.namespace === value;
    case 'workload': return source.name === value || destination.name === value;
    case 'from-workload': return source.name === value;
    case 'to-workload': return destination.name === value;
    case 'port': return String(pair.port) === value;
    case 'protocol': return PROTOCOLS[value]?.includes(pair.protocol);
    default: return undefined;
  }
}

/** Whether somebody with the name a selector asks for is on that side of a pair; true for selectors that name nobody. */
export function isNamedIn(pair: Pair, { field, value, isNegated }: Selector): boolean {
  if (isNegated) return true;
  const sides: Party[] = field.startsWith('from-') ? [pair.source] : field.startsWith('to-') ? [pair.destination] : [pair.source, pair.destination];
  if (field.endsWith('ns')) return sides.some((party) => party.namespace === value);
  return !field.endsWith('workload') || sides.some((party) => party.name === value);
}

/** Whether a drop reason meets the selectors on reason and class. */
export function matchesReason(reason: string, selectors: readonly Selector[]): boolean {
  return selectors.every(({ field, value, isNegated }) => {
    if (field === 'reason') return matchesText(reason.toUpperCase(), value.toUpperCase()) !== isNegated;
    return field !== 'class' || (DROP_CLASSES[value] === dropClass(reason)) !== isNegated;
  });
}

/**
 * Whether drops of a key are the doing of the policy that is asked for: it denies them, or nothing is denied and it selects
 * the end that refuses. Undefined where nobody says, or not all that was said agrees.
 */
export function matchesPolicy(fact: DropFact | undefined, selectors: readonly Selector[]): boolean | undefined {
  const asked = selectors.filter(({ field }) => field === 'policy');
  if (asked.length === 0) return true;
  const told = (fact?.refusals ?? []).filter(({ deniedBy, selecting }) => deniedBy.length + selecting.length > 0)
    .map(({ deniedBy, selecting }) => asked.every(({ value, isNegated }) => (deniedBy.length > 0 ? deniedBy : selecting).some(({ name }) => matchesText(name, value)) !== isNegated));
  return told.length > 0 && told.every((answer) => answer === told[0]) ? told[0] : undefined;
}

/** Equal, `*` standing for any text. */
export function matchesText(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length;
}
