import type { Label } from '../../src/flow/label-selector.ts';

/** The label of an endpoint that tells its namespace, and the beginning of those that tell its namespace's labels. */
export const NAMESPACE_LABEL = 'io.kubernetes.pod.namespace';
export const NAMESPACE_LABELS = 'io.cilium.k8s.namespace.labels.';
/** Source of the labels of nodes. */
export const NODE_SOURCE = 'node';

/** One condition on a label. An empty source fits any. */
export interface Requirement {
  source: string;
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values: readonly string[];
}

/** Conditions that must all hold; none at all fits everybody. */
export type Selector = readonly Requirement[];

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
