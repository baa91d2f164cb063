import { type Flow, FlowType, type Service } from '../../src/wire/gen/flow.ts';
import type { EndpointVersion } from './endpoint-version.ts';
import type { RowContext, ServiceName } from './row-context.ts';

/** Monitor's number of an application's record. */
const L7_EVENT = 129;
/** Stands where rows have their lane: no lane has this number, so no uuid comes twice. */
const RECORD_LANE = 0xf;

/**
 * A record of an application as a Flow. Whoever parsed it fills time, verdict, IP, l4, l7, traffic_direction, is_reply and Summary
 * (trace_context, proxy_port where there are); names, services, uuid and what else all flows of this node have come from here. `number` tells
 * records of this node and boot apart.
 */
export function recordFlow(record: Flow, number: number, context: RowContext): Flow {
  const ports = record.l4?.TCP ?? record.l4?.UDP ?? record.l4?.SCTP;
  const [sourceIp, destinationIp] = [record.IP?.source ?? '', record.IP?.destination ?? ''];
  const [source, destination] = [context.versions.at(sourceIp), context.versions.at(destinationIp)];
  const sourceService = serviceOf(source, context.service(sourceIp, ports?.source_port ?? 0));
  const destinationService = serviceOf(destination, context.service(destinationIp, ports?.destination_port ?? 0));
  return {
    ...record,
    uuid: recordUuid(context.uuidPrefix, number),
    emitter: { name: 'Hubble', version: context.emitterVersion },
    source: source.endpoint,
    destination: destination.endpoint,
    Type: FlowType.L7,
    node_name: context.nodeName,
    ...(context.nodeLabels.length === 0 ? {} : { node_labels: [...context.nodeLabels] }),
    ...(record.is_reply?.value === true ? { reply: true } : {}),
    event_type: { type: L7_EVENT },
    ...(sourceService === undefined ? {} : { source_service: sourceService }),
    ...(destinationService === undefined ? {} : { destination_service: destinationService }),
  };
}

/** A virtual address never belongs to an endpoint. */
function serviceOf(version: EndpointVersion, service: ServiceName | undefined): Service | undefined {
  return version.ref === 0 && service !== undefined ? { name: service.name, namespace: service.namespace } : undefined;
}

function recordUuid(prefix: Uint8Array, number: number): string {
  const hex = [...prefix].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${RECORD_LANE.toString(16)}00-8000-${number.toString(16).padStart(12, '0')}`;
}
