import type { FlowFilter } from '../wire/gen/flow.ts';
import { checkFilterBounds } from './filter-bounds.ts';
import { endpointPredicates, within } from './filter-endpoint.ts';
import { FilterError } from './filter-error.ts';
import { dnsPredicate, httpPredicates } from './filter-l7.ts';
import { dropReasonPredicate, eventTypePredicate, interfacePredicate, ipPredicate, portPredicate, protocolPredicate, replyPredicate, tcpFlagsPredicate } from './filter-packet.ts';
import type { FlowPredicate, FlowView } from './flow-view.ts';
import { compileLabelSelector, parseLabel } from './label-selector.ts';
import { compileNodePattern } from './name-pattern.ts';

/** The two lists of a request. */
export interface FilterLists {
  whitelist?: readonly FlowFilter[] | undefined;
  blacklist?: readonly FlowFilter[] | undefined;
}

/** A built filter, or the text that a Hubble server answers. */
export type CompiledFilters = { ok: true; matches: FlowPredicate } | { ok: false; error: string };

/**
 * Builds what GetFlows filters by: a flow passes when the whitelist is empty
 * or one of it fits, and none of the blacklist fits. Inside a filter all set
 * fields must fit, inside a field one value.
 */
export function compileFilters({ whitelist = [], blacklist = [] }: FilterLists): CompiledFilters {
  try {
    checkFilterBounds(whitelist, blacklist);
    const allowed = whitelist.map(compileFilter);
    const denied = blacklist.map(compileFilter);
    const isAllowed = allowed.length === 0 ? () => true : anyOf(allowed);
    if (denied.length === 0) return { ok: true, matches: isAllowed };
    const isDenied = anyOf(denied);
    return { ok: true, matches: (flow) => isAllowed(flow) && !isDenied(flow) };
  } catch (error) {
    if (error instanceof FilterError) return { ok: false, error: error.message };
    throw error;
  }
}

function anyOf(predicates: readonly FlowPredicate[]): FlowPredicate {
  const [only] = predicates;
  return predicates.length === 1 && only !== undefined ? only : (flow) => predicates.some((predicate) => predicate(flow));
}

/** One filter; throws FilterError. Fields are built in Hubble's order, since the first bad one names the error. */
function compileFilter(filter: FlowFilter): FlowPredicate {
  const source = endpointPredicates(filter, 'source');
  const destination = endpointPredicates(filter, 'destination');
  const sides = (family: string): (FlowPredicate | undefined)[] => [source.get(family), destination.get(family)];
  const predicates = [
    oneOf(filter.uuid, (flow) => flow.uuid),
    eventTypePredicate(filter),
    oneOf(filter.verdict, (flow) => flow.verdict),
    dropReasonPredicate(filter),
    replyPredicate(filter),
    oneOf(filter.encrypted, (flow) => flow.isEncrypted),
    ...sides('identity'),
    protocolPredicate(filter),
    ipPredicate(filter.source_ip ?? [], 'sourceIp'),
    ipPredicate(filter.destination_ip ?? [], 'destinationIp'),
    ipPredicate(filter.source_ip_xlated ?? [], 'sourceIpXlated'),
    ...sides('pod'), ...sides('workload'), ...sides('service'), ...sides('fqdn'),
    dnsPredicate(filter),
    ...sides('labels'),
    nodeLabelsPredicate(filter.node_labels ?? []),
    portPredicate(filter.source_port ?? [], 'source'),
    portPredicate(filter.destination_port ?? [], 'destination'),
    ...httpPredicates(filter),
    tcpFlagsPredicate(filter),
    nodeNamePredicate(filter.node_name ?? []),
    ...sides('cluster'),
    oneOf(filter.ip_version, (flow) => flow.ipVersion),
    oneOf(filter.trace_id, (flow) => flow.traceId),
    oneOf(filter.traffic_direction, (flow) => flow.direction),
    refuseExpressions(filter),
    interfacePredicate(filter),
    oneOf(filter.ip_trace_id, (flow) => flow.ipTraceId),
  ].filter((predicate) => predicate !== undefined);
  const [only] = predicates;
  if (predicates.length === 1 && only !== undefined) return only;
  return (flow) => predicates.every((predicate) => predicate(flow));
}

function oneOf<T>(values: readonly T[] | undefined, read: (flow: FlowView) => T): FlowPredicate | undefined {
  return values === undefined || values.length === 0 ? undefined : (flow) => values.includes(read(flow));
}

function nodeNamePredicate(patterns: readonly string[]): FlowPredicate | undefined {
  if (patterns.length === 0) return undefined;
  const wanted = patterns.map(compileNodePattern);
  let last: string | undefined;
  let answer = false;
  return ({ nodeName }) => {
    if (nodeName !== last) {
      answer = wanted.some((matches) => matches(nodeName));
      last = nodeName;
    }
    return answer;
  };
}

function nodeLabelsPredicate(selectors: readonly string[]): FlowPredicate | undefined {
  if (selectors.length === 0) return undefined;
  const wanted = within('invalid node label filter: ', () => selectors.map(compileLabelSelector));
  // a node has the same list of labels for many flows
  let last: readonly string[] | undefined;
  let answer = false;
  return ({ nodeLabels }) => {
    if (nodeLabels !== last) {
      const labels = nodeLabels.map(parseLabel);
      answer = wanted.some((matches) => matches(labels));
      last = nodeLabels;
    }
    return answer;
  };
}

function refuseExpressions(filter: FlowFilter): undefined {
  if ((filter.experimental?.cel_expression?.length ?? 0) > 0) throw new FilterError('error compiling CEL expression: CEL is not supported here, use the other filter fields');
}
