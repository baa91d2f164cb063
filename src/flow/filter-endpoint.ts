import type { FlowFilter } from '../wire/gen/flow.ts';
import { FilterError } from './filter-error.ts';
import type { EndpointView, FlowPredicate, FlowView, ServiceView } from './flow-view.ts';
import { type Label, compileLabelSelector, parseLabel } from './label-selector.ts';
import { compileFqdnPattern } from './name-pattern.ts';

/** Which end of a flow a filter field is about. */
export type Side = 'source' | 'destination';

type EndpointPredicate = (endpoint: EndpointView) => boolean;

/** Answers kept for endpoints with an id; when full it starts anew. */
const maxCachedAnswers = 65_536;

/** Fields of a filter about one end: pods, services, workloads, DNS names, labels, identities, cluster. */
export function endpointPredicates(filter: FlowFilter, side: Side): Map<string, FlowPredicate> {
  const isSource = side === 'source';
  const predicates = new Map<string, FlowPredicate>();
  const add = (family: string, predicate: FlowPredicate | undefined): void => {
    if (predicate !== undefined) predicates.set(family, predicate);
  };
  const identities = (isSource ? filter.source_identity : filter.destination_identity) ?? [];
  add('identity', identities.length === 0 ? undefined : onEndpoint(side, (endpoint) => identities.includes(endpoint.identity), false));
  add('pod', podPredicate((isSource ? filter.source_pod : filter.destination_pod) ?? [], side));
  add('workload', workloadPredicate((isSource ? filter.source_workload : filter.destination_workload) ?? [], side));
  add('service', servicePredicate((isSource ? filter.source_service : filter.destination_service) ?? [], side));
  add('fqdn', fqdnPredicate((isSource ? filter.source_fqdn : filter.destination_fqdn) ?? [], side));
  add('labels', labelPredicate((isSource ? filter.source_label : filter.destination_label) ?? [], side));
  add('cluster', clusterPredicate((isSource ? filter.source_cluster_name : filter.destination_cluster_name) ?? [], side));
  return predicates;
}

/** Asks one end of a flow, once per endpoint where it has an id. */
function onEndpoint(side: Side, ask: EndpointPredicate, whenAbsent: boolean): FlowPredicate {
  const answers = new Map<number, boolean>();
  return (flow) => {
    const endpoint = flow[side];
    if (endpoint === undefined) return whenAbsent;
    if (endpoint.id === 0) return ask(endpoint);
    let answer = answers.get(endpoint.id);
    if (answer === undefined) {
      if (answers.size >= maxCachedAnswers) answers.clear();
      answer = ask(endpoint);
      answers.set(endpoint.id, answer);
    }
    return answer;
  };
}

/** `namespace/prefix`; a bare prefix means namespace default; an empty half means any. */
function parseName(text: string): (namespace: string, name: string) => boolean {
  if (text === '') throw new FilterError('invalid filter, name must not be empty');
  const parts = text.split('/');
  const [wantedNamespace = '', prefix = ''] = parts.length === 1 ? ['default', parts[0]] : parts;
  return (namespace, name) => {
    if (namespace === '' && name === '') return false;
    return (wantedNamespace === '' || namespace === wantedNamespace) && name.startsWith(prefix);
  };
}

function podPredicate(names: readonly string[], side: Side): FlowPredicate | undefined {
  if (names.length === 0) return undefined;
  const wanted = names.map(parseName);
  return onEndpoint(side, ({ namespace, podName }) => wanted.some((matches) => matches(namespace, podName)), false);
}

function servicePredicate(names: readonly string[], side: Side): FlowPredicate | undefined {
  if (names.length === 0) return undefined;
  const wanted = within(`invalid ${side} service filter: `, () => names.map(parseName));
  const serviceOf = (flow: FlowView): ServiceView | undefined => (side === 'source' ? flow.sourceService : flow.destinationService);
  return (flow) => {
    const service = serviceOf(flow);
    return service !== undefined && wanted.some((matches) => matches(service.namespace, service.name));
  };
}

function workloadPredicate(workloads: readonly { name?: string | undefined; kind?: string | undefined }[], side: Side): FlowPredicate | undefined {
  if (workloads.length === 0) return undefined;
  const matches = (workload: { name: string; kind: string }): boolean =>
    workloads.some(({ name = '', kind = '' }) => (name === '' || name === workload.name) && (kind === '' || kind === workload.kind));
  return onEndpoint(side, (endpoint) => endpoint.workloads.some(matches), false);
}

function fqdnPredicate(patterns: readonly string[], side: Side): FlowPredicate | undefined {
  if (patterns.length === 0) return undefined;
  const wanted = patterns.map(compileFqdnPattern);
  return (flow) => (side === 'source' ? flow.sourceNames : flow.destinationNames).some((name) => wanted.some((matches) => matches(name)));
}

function labelPredicate(selectors: readonly string[], side: Side): FlowPredicate | undefined {
  if (selectors.length === 0) return undefined;
  const wanted = within(`invalid ${side} label filter: `, () => selectors.map(compileLabelSelector));
  const ask = (labels: readonly Label[]): boolean => wanted.some((matches) => matches(labels));
  return onEndpoint(side, (endpoint) => ask(endpoint.labels.map(parseLabel)), ask([]));
}

function clusterPredicate(names: readonly string[], side: Side): FlowPredicate | undefined {
  if (names.length === 0) return undefined;
  if (names.includes('')) throw new FilterError('invalid filter, name must not be empty');
  return onEndpoint(side, (endpoint) => names.includes(endpoint.clusterName), false);
}

/** Puts words in front of a filter's error. */
export function within<T>(prefix: string, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof FilterError) throw new FilterError(prefix + error.message, { cause: error });
    throw error;
  }
}
