import { FilterError } from './filter-error.ts';
import { isInsidePrefix, parsePrefix } from './ip-prefix.ts';

/** One label taken apart: `k8s:app=web` is source k8s, key app, value web. */
export interface Label {
  source: string;
  key: string;
  value: string;
}

/** Whether a set of labels fits. */
export type LabelPredicate = (labels: readonly Label[]) => boolean;

interface Requirement {
  source: string;
  key: string;
  operator: 'in' | 'notin' | 'exists' | 'absent' | '>' | '<';
  values: string[];
}

/** Takes a label apart. A colon only parts source and key when it stands before the value; without one the source is empty. */
export function parseLabel(text: string): Label {
  const equals = text.indexOf('=');
  const head = equals < 0 ? text : text.slice(0, equals);
  const value = equals < 0 ? '' : text.slice(equals + 1);
  const colon = head.indexOf(':');
  return colon < 0 ? { source: '', key: head, value } : { source: head.slice(0, colon), key: head.slice(colon + 1), value };
}

/** Builds a Kubernetes label selector; keys may carry a source (`k8s:app`, `reserved:world`, `cidr:10.0.0.0/8`), `any` or none matches all sources. */
export function compileLabelSelector(selector: string): LabelPredicate {
  const requirements = splitRequirements(selector).map(parseRequirement);
  return (labels) => requirements.every((requirement) => meets(requirement, labels));
}

/** Commas part requirements, except inside parentheses. */
function splitRequirements(selector: string): string[] {
  if (selector.trim() === '') return [];
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < selector.length; at++) {
    const char = selector[at];
    if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === ',' && depth === 0) {
      parts.push(selector.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, selector.slice(start)].map((part) => part.trim());
}

const keySyntax = String.raw`([^\s=!<>(),]+)`;
const setSyntax = new RegExp(String.raw`^${keySyntax}\s+(in|notin)\s*\(([^()]*)\)$`);
const valueSyntax = new RegExp(String.raw`^${keySyntax}\s*(==|=|!=|>|<)\s*([^\s=!<>(),]*)$`);
const presenceSyntax = new RegExp(String.raw`^(!?)\s*${keySyntax}$`);

function parseRequirement(text: string): Requirement {
  const set = setSyntax.exec(text);
  if (set !== null) return { ...parseKey(set[1] ?? ''), operator: set[2] === 'in' ? 'in' : 'notin', values: (set[3] ?? '').split(',').map((value) => value.trim()) };
  const value = valueSyntax.exec(text);
  if (value !== null) return valueRequirement(value[1] ?? '', value[2] ?? '', value[3] ?? '');
  const presence = presenceSyntax.exec(text);
  if (presence !== null) return { ...parseKey(presence[2] ?? ''), operator: presence[1] === '!' ? 'absent' : 'exists', values: [] };
  throw new FilterError(`unable to parse requirement: found '${text}', expected: key, !key, key=value, key!=value, key in (a,b) or key notin (a,b)`);
}

function valueRequirement(key: string, operator: string, value: string): Requirement {
  if (operator === '>' || operator === '<') {
    if (!/^-?\d+$/.test(value)) throw new FilterError(`for 'Gt', 'Lt' operators, the value must be an integer: "${value}"`);
    return { ...parseKey(key), operator, values: [value] };
  }
  return { ...parseKey(key), operator: operator === '!=' ? 'notin' : 'in', values: [value] };
}

function parseKey(text: string): { source: string; key: string } {
  const { source, key } = parseLabel(text);
  if (key === '') throw new FilterError(`unable to parse requirement: '${text}' has no key`);
  return { source: source === 'any' ? '' : source, key };
}

function meets(requirement: Requirement, labels: readonly Label[]): boolean {
  const found = labels.filter((label) => (requirement.source === '' || requirement.source === label.source) && isKey(requirement, label));
  switch (requirement.operator) {
    case 'exists': return found.length > 0;
    case 'absent': return found.length === 0;
    case 'in': return found.some((label) => requirement.values.includes(label.value));
    case 'notin': return !found.some((label) => requirement.values.includes(label.value));
    case '>': return found.some((label) => /^-?\d+$/.test(label.value) && BigInt(label.value) > BigInt(requirement.values[0] ?? 0));
    case '<': return found.some((label) => /^-?\d+$/.test(label.value) && BigInt(label.value) < BigInt(requirement.values[0] ?? 0));
  }
}

/** A CIDR label is found by every wider prefix around it. */
function isKey(requirement: Requirement, label: Label): boolean {
  if (requirement.key === label.key) return true;
  if (requirement.source !== 'cidr' || label.source !== 'cidr') return false;
  const outer = parsePrefix(requirement.key);
  const inner = parsePrefix(label.key);
  return outer !== undefined && inner !== undefined && inner.bits >= outer.bits && isInsidePrefix(inner, outer);
}
