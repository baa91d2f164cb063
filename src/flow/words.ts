import { type Flow, SocketTranslationPointEnum, type TCPFlags, TrafficDirectionEnum, DebugCapturePointEnum, L7FlowType, SocketTranslationPoint } from '../wire/gen/flow.ts';
import { enumName } from '../wire/codec.ts';
import { dropTexts } from './drop-texts.ts';

/** Numbers of event_type.type: what the monitor calls its messages. */
export const EventKind = { DROP: 1, DEBUG: 2, CAPTURE: 3, TRACE: 4, POLICY_VERDICT: 5, TRACE_SOCK: 7, L7: 129, AGENT: 130 } as const;

/** event_type.sub_type of a drop by the kernel itself, which has no number in Hubble's vocabulary. */
export const kernelDropSubType = 255;

/** Names of event types as the command line writes them. */
export const eventKindNames: ReadonlyMap<string, number> = new Map([
  ['drop', EventKind.DROP], ['debug', EventKind.DEBUG], ['capture', EventKind.CAPTURE], ['trace', EventKind.TRACE],
  ['policy-verdict', EventKind.POLICY_VERDICT], ['trace-sock', EventKind.TRACE_SOCK], ['l7', EventKind.L7], ['agent', EventKind.AGENT],
]);

/** Observation points of a trace by event_type.sub_type. */
export const tracePoints: readonly string[] = [
  'to-endpoint', 'to-proxy', 'to-host', 'to-stack', 'to-overlay', 'from-endpoint', 'from-proxy', 'from-host', 'from-stack',
  'from-overlay', 'from-network', 'to-network', 'from-crypto', 'to-crypto',
];

/** Agent notifications by the monitor's number; not the numbers of flow.AgentEventType. */
export const agentNotifications: readonly string[] = [
  'unspecified', 'message', 'agent-started', 'endpoint-regenerate-success', 'endpoint-regenerate-failure', 'policy-updated',
  'policy-deleted', 'endpoint-created', 'endpoint-deleted', 'ipcache-upserted', 'ipcache-deleted',
];

/** Names of identities with a fixed number. */
export const reservedIdentities: readonly string[] = [
  'unknown', 'host', 'world', 'unmanaged', 'health', 'init', 'remote-node', 'kube-apiserver', 'ingress', 'world-ipv4', 'world-ipv6', 'overlay-to-encrypt',
];

/** How a policy matched, by Flow.policy_match_type. */
const policyMatches: readonly string[] = ['none', 'L3-Only', 'L3-L4', 'L4-Only', 'all', 'L3-Proto', 'Proto-Only'];

/** TCP flags in the order of the summary text, with their bits in the TCP header. */
export const tcpFlagBits: readonly { name: Exclude<keyof TCPFlags, '$unknown'>; bit: number }[] = [
  { name: 'SYN', bit: 0x002 }, { name: 'ACK', bit: 0x010 }, { name: 'RST', bit: 0x004 }, { name: 'FIN', bit: 0x001 }, { name: 'PSH', bit: 0x008 },
  { name: 'URG', bit: 0x020 }, { name: 'ECE', bit: 0x040 }, { name: 'CWR', bit: 0x080 }, { name: 'NS', bit: 0x100 },
];

/** `(host)`, `(ID:20111)`: an identity as compact lines print it. 11 has a name but is printed as a number, as Hubble does. */
export function identityText(identity: number): string {
  const name = identity <= 10 ? reservedIdentities[identity] : undefined;
  return `(${name ?? `ID:${identity}`})`;
}

/** `Policy denied`; an unknown code prints as Hubble's formatter leaves it. */
export function dropText(code: number): string {
  return dropTexts.get(code) ?? `${code}, 0`;
}

/** Third column of a printed flow: where it was seen or what decided. */
export function typeText(flow: Flow): string {
  if (flow.l7 !== undefined) return l7TypeText(flow.l7);
  const subType = flow.event_type?.sub_type ?? 0;
  switch (flow.event_type?.type ?? 0) {
    case EventKind.TRACE: return tracePoints[subType] ?? String(subType);
    case EventKind.DROP: return subType === kernelDropSubType ? 'Kernel drop' : dropText(subType);
    case EventKind.POLICY_VERDICT: return `policy-verdict:${policyMatches[flow.policy_match_type ?? 0] ?? 'unknown'} ${enumName(TrafficDirectionEnum, flow.traffic_direction)}`;
    case EventKind.CAPTURE: return enumName(DebugCapturePointEnum, flow.debug_capture_point);
    case EventKind.TRACE_SOCK: return socketPoints.get(flow.sock_xlate_point ?? 0) ?? enumName(SocketTranslationPointEnum, flow.sock_xlate_point);
    default: return 'UNKNOWN';
  }
}

const socketPoints: ReadonlyMap<number, string> = new Map([
  [SocketTranslationPoint.SOCK_XLATE_POINT_PRE_DIRECTION_FWD, 'pre-xlate-fwd'],
  [SocketTranslationPoint.SOCK_XLATE_POINT_POST_DIRECTION_FWD, 'post-xlate-fwd'],
  [SocketTranslationPoint.SOCK_XLATE_POINT_PRE_DIRECTION_REV, 'pre-xlate-rev'],
  [SocketTranslationPoint.SOCK_XLATE_POINT_POST_DIRECTION_REV, 'post-xlate-rev'],
]);

const l7Types: ReadonlyMap<number, string> = new Map([[L7FlowType.REQUEST, 'request'], [L7FlowType.RESPONSE, 'response'], [L7FlowType.SAMPLE, 'sample']]);

function l7TypeText(l7: NonNullable<Flow['l7']>): string {
  const protocol = l7.http !== undefined ? 'http' : l7.dns !== undefined ? 'dns' : l7.kafka !== undefined ? 'kafka' : 'l7';
  const text = `${protocol}-${l7Types.get(l7.type ?? 0) ?? 'unknown_l7_type'}`;
  return l7.dns === undefined ? text : `${text} ${l7.dns.observation_source ?? ''}`;
}
