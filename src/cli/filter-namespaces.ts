import type { FlowFilter } from '../wire/gen/flow.ts';
import { UsageError } from './command.ts';

/** Namespaces by which side they are meant for; the empty text is all of them. */
export interface NamespaceChoice {
  either: string[];
  from: string[];
  to: string[];
}

/** No namespace chosen. */
export function emptyNamespaces(): NamespaceChoice {
  return { either: [], from: [], to: [] };
}

type Side = 'source' | 'destination';

/** Puts the chosen namespaces in front of pod and service names; `left` asks the source, `right` the destination. */
export function applyNamespaces(left: FlowFilter, right: FlowFilter, chosen: NamespaceChoice): void {
  applySide(left, 'source', chosen.either);
  applySide(right, 'destination', chosen.either);
  for (const filter of [left, right]) {
    applySide(filter, 'source', chosen.from);
    applySide(filter, 'destination', chosen.to);
  }
}

function applySide(filter: FlowFilter, side: Side, namespaces: readonly string[]): void {
  if (namespaces.length === 0) return;
  const pods = (side === 'source' ? filter.source_pod : filter.destination_pod) ?? [];
  const services = (side === 'source' ? filter.source_service : filter.destination_service) ?? [];
  const prefixedServices = services.flatMap((name) => prefix(name, namespaces));
  const prefixedPods = (pods.length === 0 && services.length === 0 ? [''] : pods).flatMap((name) => prefix(name, namespaces));
  checkPodsAndServices(prefixedPods, prefixedServices);
  if (side === 'source') {
    if (prefixedPods.length > 0) filter.source_pod = prefixedPods;
    if (prefixedServices.length > 0) filter.source_service = prefixedServices;
  } else {
    if (prefixedPods.length > 0) filter.destination_pod = prefixedPods;
    if (prefixedServices.length > 0) filter.destination_service = prefixedServices;
  }
}

/** A namespace inside the name wins, if it is one of those chosen. */
function prefix(name: string, namespaces: readonly string[]): string[] {
  const slash = name.indexOf('/');
  if (slash < 0) return namespaces.map((namespace) => `${namespace}/${name}`);
  const own = name.slice(0, slash);
  if (!namespaces.includes('') && !namespaces.includes(own)) throw new UsageError(`namespace conflict: "${namespaces.join(', ')}" does not contain "${own}"`);
  return [name];
}

function checkPodsAndServices(pods: readonly string[], services: readonly string[]): void {
  const namespaceOf = (name: string): string => name.split('/')[0] ?? '';
  for (const service of services) {
    const other = pods.find((pod) => namespaceOf(pod) !== namespaceOf(service));
    if (other !== undefined) throw new UsageError(`namespace of service "${service}" conflict with pod "${other}"`);
  }
}
