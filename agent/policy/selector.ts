import type { Label } from '../../src/flow/label-selector.ts';
import { parseLabel } from '../../src/flow/label-selector.ts';
import { type Mapping, mappingAt, mappingsAt, ShapeError, textAt, textMapAt, textsAt } from '../catalog/object-reader.ts';

/** The label of an endpoint that tells its namespace, and the beginning of those that tell its namespace's labels. */
export const NAMESPACE_LABEL = 'io.kubernetes.pod.namespace';
export const NAMESPACE_LABELS = 'io.cilium.k8s.namespace.labels.';

/** One condition on a label. An empty source fits any. */
export interface Requirement {
  source: string;
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values: readonly string[];
}

/** Conditions that must all hold; none at all fits everybody. */
export type Selector = readonly Requirement[];

const OPERATORS: readonly Requirement['operator'][] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Reads a Kubernetes label selector; `prefix` stands before each key. Throws ShapeError that names the field below `path`. */
export function readSelector(object: Mapping, path: string, prefix = ''): Requirement[] {
  const requirement = (key: string, operator: Requirement['operator'], values: readonly string[]): Requirement => {
    const { source, key: name } = parseLabel(key);
    if (name === '') throw new ShapeError(`${path} has a label without a name`);
    return { source: source === 'any' ? '' : source, key: `${prefix}${name}`, operator, values };
  };
  return [
    ...[...textMapAt(object, 'matchLabels')].map(([key, value]) => requirement(key, 'In', [value])),
    ...mappingsAt(object, 'matchExpressions').map((expression, i) => {
      const operator = OPERATORS.find((one) => one === expression['operator']);
      if (operator === undefined) throw new ShapeError(`${path}.matchExpressions[${i}].operator "${textAt(expression, 'operator')}" is none of ${OPERATORS.join(', ')}`);
      const values = textsAt(expression, 'values');
      if ((operator === 'In' || operator === 'NotIn') && values.length === 0) throw new ShapeError(`${path}.matchExpressions[${i}].values is empty, and ${operator} needs one`);
      return requirement(textAt(expression, 'key'), operator, values);
    }),
  ];
}

/** The selector under a key; undefined where there is none. */
export function selectorAt(object: Mapping, key: string, path: string, prefix = ''): Requirement[] | undefined {
  return object[key] === undefined || object[key] === null ? undefined : readSelector(mappingAt(object, key), `${path}.${key}`, prefix);
}

/** A condition that an endpoint is in a namespace. */
export function inNamespace(namespace: string): Requirement {
  return { source: 'k8s', key: NAMESPACE_LABEL, operator: 'In', values: [namespace] };
}

/** Whether a selector says itself which namespaces it means. */
export function namesNamespaces(selector: Selector): boolean {
  return selector.some(({ key }) => key === NAMESPACE_LABEL || key.startsWith(NAMESPACE_LABELS));
}

/** The conditions that labels do not meet; none of them: they fit. */
export function unmet(selector: Selector, labels: readonly Label[]): Requirement[] {
  return selector.filter((requirement) => !isMet(requirement, labels));
}

/** Whether labels meet every condition. */
export function fits(selector: Selector, labels: readonly Label[]): boolean {
  return selector.every((requirement) => isMet(requirement, labels));
}

function isMet({ source, key, operator, values }: Requirement, labels: readonly Label[]): boolean {
  const found = labels.filter((label) => label.key === key && (source === '' || source === label.source));
  switch (operator) {
    case 'In': return found.some(({ value }) => values.includes(value));
    case 'NotIn': return !found.some(({ value }) => values.includes(value));
    case 'Exists': return found.length > 0;
    case 'DoesNotExist': return found.length === 0;
  }
}

/** A condition as people read it: `app=web`, `tier in (a, b)`. */
export function requirementText({ key, operator, values }: Requirement): string {
  const name = key === NAMESPACE_LABEL ? 'namespace' : key.startsWith(NAMESPACE_LABELS) ? `namespace label ${key.slice(NAMESPACE_LABELS.length)}` : key;
  switch (operator) {
    case 'In': return values.length === 1 ? `${name}=${values[0] ?? ''}` : `${name} in (${values.join(', ')})`;
    case 'NotIn': return values.length === 1 ? `${name}!=${values[0] ?? ''}` : `${name} notin (${values.join(', ')})`;
    case 'Exists': return name;
    case 'DoesNotExist': return `!${name}`;
  }
}
