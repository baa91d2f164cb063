import { scrub } from '../lib/scrub.ts';
import { enumName } from '../wire/codec.ts';
import { AuthType, type Endpoint, type Flow, LostEventSourceEnum, type LostEvent, type Policy, type Service, Verdict, VerdictEnum, TrafficDirection } from '../wire/gen/flow.ts';
import type { Timestamp } from '../wire/gen/google.ts';
import { portsOf } from './view-of-flow.ts';
import { EventKind, identityText, typeText } from './words.ts';

/** What the user chose about text. */
export interface TextOptions {
  formatTime(time: Timestamp | undefined): string;
  showNode: boolean;
  showPolicyNames: boolean;
  /** Names instead of addresses. */
  translatesIps: boolean;
  colour: boolean;
}

/** Longest piece of one line; a whole line has a handful of them. */
const maxPieceLength = 65_536;

/** Text of others on its way to a terminal. */
export function safe(text: string): string {
  return scrub(text, maxPieceLength);
}

const sgr = { red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36 } as const;

/** Wraps text in one of eight colours, or leaves it. */
export function paint(text: string, colour: keyof typeof sgr | undefined, options: TextOptions): string {
  return !options.colour || colour === undefined || text === '' ? text : `\u001b[${sgr[colour]}m${text}\u001b[0m`;
}

/** One end of a flow, as text: name or address with the port, and the identity. */
export interface EndText {
  host: string;
  identity: string;
}

/** Both ends, source first. */
export function endsOf(flow: Flow, options: TextOptions): { source: EndText; destination: EndText } {
  const ports = portsOf(flow);
  const end = (side: 'source' | 'destination', port: number | undefined): EndText => {
    const isSource = side === 'source';
    const names = (isSource ? flow.source_names : flow.destination_names) ?? [];
    const service = isSource ? flow.source_service : flow.destination_service;
    const host = hostText({ ip: flow.IP?.[side] ?? '', mac: flow.ethernet?.[side] ?? '', endpoint: flow[side], service, names }, options) || commonName(flow, flow[side]);
    return { host: withPort(safe(host), port ?? 0, options), identity: paint(identityText(flow[side]?.identity ?? 0), 'magenta', options) };
  };
  return { source: end('source', ports?.source_port), destination: end('destination', ports?.destination_port) };
}

interface HostFacts {
  ip: string;
  mac: string;
  endpoint: Endpoint | undefined;
  service: Service | undefined;
  names: readonly string[];
}

function hostText({ ip, mac, endpoint, service, names }: HostFacts, options: TextOptions): string {
  if (ip === '') return mac;
  if (!options.translatesIps) return ip;
  const serviceName = service?.name ?? '';
  // Hubble's quirk: where a service is known its namespace replaces the pod's
  const namespace = (serviceName === '' ? '' : (service?.namespace ?? '')) || (endpoint?.namespace ?? '');
  const podName = endpoint?.pod_name ?? '';
  if (podName !== '') return inNamespace(namespace, podName);
  if (serviceName !== '') return inNamespace(namespace, serviceName);
  return names.length > 0 ? names.join(',') : ip;
}

/** Who stands for many has no address: what they have in common, and a star for what they have not. */
function commonName(flow: Flow, endpoint: Endpoint | undefined): string {
  if (flow.aggregate === undefined) return '';
  const { namespace = '', pod_name = '', workloads = [] } = endpoint ?? {};
  const workload = workloads[0]?.name ?? '';
  return inNamespace(namespace, pod_name !== '' ? pod_name : workload === '' ? '*' : `${workload}-*`);
}

function inNamespace(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function withPort(host: string, port: number, options: TextOptions): string {
  if (port === 0) return paint(host, 'cyan', options);
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return paint(`${bracketed}:${paint(String(port), 'yellow', options)}`, 'cyan', options);
}

/** Verdict column: ALLOWED and DENIED for policy verdicts, the enum's name otherwise. */
export function verdictText(flow: Flow, options: TextOptions): string {
  const verdict = flow.verdict ?? 0;
  const isPolicy = flow.event_type?.type === EventKind.POLICY_VERDICT;
  const name = enumName(VerdictEnum, verdict);
  switch (verdict) {
    case Verdict.FORWARDED:
    case Verdict.REDIRECTED: return paint(isPolicy ? `ALLOWED${policyNames(flow, true, options)}` : name, 'green', options);
    case Verdict.DROPPED:
    case Verdict.ERROR: return paint(isPolicy ? `DENIED${policyNames(flow, false, options)}` : name, 'red', options);
    case Verdict.AUDIT: return paint(isPolicy ? 'AUDITED' : name, 'yellow', options);
    case Verdict.TRACED:
    case Verdict.TRANSLATED: return paint(name, 'yellow', options);
    default: return name;
  }
}

function policyNames(flow: Flow, isAllowed: boolean, options: TextOptions): string {
  if (!options.showPolicyNames) return '';
  const named = policiesOf(flow, isAllowed).filter((policy) => (policy.kind ?? '') !== '' && (policy.name ?? '') !== '');
  return named.length === 0 ? '' : ` BY ${named.map((policy) => safe(`${policy.name} (${policy.kind})`)).join(', ')}`;
}

function policiesOf(flow: Flow, isAllowed: boolean): readonly Policy[] {
  const isEgress = flow.traffic_direction === TrafficDirection.EGRESS;
  if (!isEgress && flow.traffic_direction !== TrafficDirection.INGRESS) return [];
  if (isEgress) return (isAllowed ? flow.egress_allowed_by : flow.egress_denied_by) ?? [];
  return (isAllowed ? flow.ingress_allowed_by : flow.ingress_denied_by) ?? [];
}

/** Summary column, with IP trace id, authentication and how many flows it stands for. */
export function summaryText(flow: Flow, options: TextOptions): string {
  const trace = flow.ip_trace_id?.trace_id ?? 0n;
  const auth = flow.auth_type === AuthType.SPIRE ? paint('SPIRE', 'green', options) : flow.auth_type === AuthType.TEST_ALWAYS_FAIL ? paint('TEST_ALWAYS_FAIL', 'red', options) : '';
  return `${trace > 0n ? `IP Trace ID: ${trace}; ` : ''}${safe(flow.Summary ?? '')}${auth === '' ? '' : `; Auth: ${auth}`}${foldedText(flow)}`;
}

function foldedText({ aggregate }: Flow): string {
  const count = (aggregate?.ingress_flow_count ?? 0) + (aggregate?.egress_flow_count ?? 0) + (aggregate?.unknown_direction_flow_count ?? 0);
  return count === 0 ? '' : `; ×${count} folded`;
}

/** Type column. */
export function flowTypeText(flow: Flow): string {
  return safe(typeText(flow));
}

/** Pieces of a loss: where, and how many since when. */
export function lossTexts(lost: LostEvent, options: TextOptions): { source: string; cpu: string; count: string } {
  const span = lost.first === undefined || lost.last === undefined ? '' : ` (first: ${options.formatTime(lost.first)}, last: ${options.formatTime(lost.last)})`;
  return { source: enumName(LostEventSourceEnum, lost.source), cpu: `CPU(${lost.cpu?.value ?? 0})`, count: `${lost.num_events_lost ?? 0n}${span}` };
}
