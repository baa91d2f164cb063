import { seenAtEnd } from '../model/conversation.ts';
import { dropClass } from '../model/drop-words.ts';
import type { RowView } from '../model/flow-rows.ts';
import { flowReason, portOf } from '../model/flow-words.ts';
import { packetRows } from '../model/packet-rows.ts';
import type { State } from '../model/state.ts';
import { enumName } from '../wire/codec.ts';
import { TraceObservationPointEnum, TrafficDirectionEnum, type Endpoint, type Flow, type Policy } from '../wire/gen/flow.ts';
import type { FlowExtension } from '../wire/gen/hubtop.ts';
import { scrub } from '../lib/scrub.ts';
import { bytes, clock, grouped } from '../screen/format.ts';
import { line, type Line } from '../screen/line.ts';
import { verdictWord } from './verdict.ts';

const POLICY_VERDICT = 5;

/** Verdict, reason, time and who told it: the first line of a flow. */
export function headLine(state: State, row: RowView, shape: { flow: Flow; cols: number }): Line {
  const verdict = verdictWord(row.verdict);
  const reason = flowReason(shape.flow);
  const folded = row.count > 1 ? `   stands for ×${grouped(row.count)}` : '';
  return line(shape.cols, [' ', [verdict.long, verdict.role], ['  ' + reason, verdict.role], `  ${clock(row.timeMs, true)}Z  `, [witnessText(state, row), 'dim'], [folded, 'warn']]);
}

/** Who reported the packet: all reports of it, each once. */
export function witnessText(state: State, row: RowView): string {
  const packet = packetRows(state, row.id, 1)[0];
  if (packet?.row.id !== row.id || packet.flow === undefined) return state.nodeNames.get(row.node);
  const reports = [{ row: packet.row, flow: packet.flow }, ...packet.others];
  const places = reports.map((report) => `${state.nodeNames.get(report.row.node)}${endText(report.flow)}`);
  const isJudged = reports.length > 1 && reports.some((report) => report.flow.event_type?.type === POLICY_VERDICT);
  return `seen by ${[...new Set(places)].join(' and ')}${isJudged ? ', with its policy verdict' : ''}`;
}

// without a word on who answers whom, there are only a sender and a receiver
function endText(flow: Flow): string {
  const end = seenAtEnd(flow);
  if (end === undefined) return '';
  return flow.is_reply === undefined ? ` (${end === 'client' ? 'sender' : 'receiver'})` : ` (${end})`;
}

/** Where it was seen: point, direction, device. */
export function seenAt(flow: Flow): string {
  const point = (flow.trace_observation_point ?? 0) === 0 ? '' : enumName(TraceObservationPointEnum, flow.trace_observation_point).toLowerCase().replaceAll('_', '-');
  const direction = (flow.traffic_direction ?? 0) === 0 ? '' : enumName(TrafficDirectionEnum, flow.traffic_direction).toLowerCase();
  const device = flow.interface?.name === undefined ? '' : `interface ${scrub(flow.interface.name, 32)}`;
  return [point, direction, device].filter((part) => part !== '').join(', ');
}

/** `namespace/pod`; a dash where it is no pod. */
export function podName(endpoint: Endpoint | undefined): string {
  return endpoint?.pod_name === undefined || endpoint.pod_name === '' ? '-' : scrub(`${endpoint.namespace ?? ''}/${endpoint.pod_name}`, 200);
}

/** Kind and name of the workload. */
export function workloadText(endpoint: Endpoint | undefined): string {
  const workload = endpoint?.workloads?.[0];
  return workload === undefined ? '-' : scrub(`${workload.kind ?? ''} ${workload.name ?? ''}`.trim(), 120);
}

/** `id 48213`; a dash where there is none. */
export function identityText(endpoint: Endpoint | undefined): string {
  return endpoint?.identity === undefined || endpoint.identity === 0 ? '-' : `id ${endpoint.identity}`;
}

/** `ip:port`, an IPv6 address in brackets. */
export function addressText(ip: string | undefined, port: number): string {
  const address = scrub(ip ?? '', 45);
  if (address === '') return '-';
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `namespace/service`; a dash where there is none. */
export function serviceText(service: { name?: string | undefined; namespace?: string | undefined } | undefined): string {
  return service?.name === undefined || service.name === '' ? '-' : scrub(`${service.namespace ?? ''}/${service.name}`, 120);
}

/** DNS names. */
export function namesText(names: readonly string[] | undefined): string {
  return names === undefined || names.length === 0 ? '-' : scrub(names.join(' '), 200);
}

/** Labels that say something, in a row. */
export function shortLabels(endpoint: Endpoint | undefined): string {
  return scrub((endpoint?.labels ?? []).filter((label) => !label.includes('io.kubernetes') && !label.includes('io.cilium')).map((label) => label.replace(/^k8s:/, '')).join(' '), 200);
}

/** What the connection moved since its last report; empty where nobody says. */
export function volumeText(extension: FlowExtension | undefined): string {
  if (extension === undefined) return '';
  const skbs = extension.skbs ?? 0;
  if (skbs === 0 && (extension.bytes ?? 0) === 0) return '';
  return `${grouped(skbs)} packet${skbs === 1 ? '' : 's'}, ${bytes(extension.bytes ?? 0)} since the last report (${scrub(extension.why ?? '', 20)})${extension.mid_stream === true ? ', began before we looked' : ''}`;
}

/** Who allowed or refused it, in a sentence: no more than this flow's own fields say. */
export function whyText(flow: Flow): string {
  const reason = flowReason(flow);
  if (reason === '') {
    const by = policyNames([...(flow.egress_allowed_by ?? []), ...(flow.ingress_allowed_by ?? [])]);
    return by === '' ? '-' : `allowed by ${by}`;
  }
  if (reason.startsWith('NO_SOCKET')) return `nothing listens on port ${portOf(flow)} there: the kernel refuses the packet`;
  const denied = policyNames([...(flow.egress_denied_by ?? []), ...(flow.ingress_denied_by ?? [])]);
  if (denied !== '') return `denied by ${denied}`;
  if (dropClass(reason) !== 'pol') return `${reason}: the flow names no further cause`;
  return flow.event_type?.type === POLICY_VERDICT ? 'denied_by is empty: a default deny, nothing allows it' : 'a drop event names no policy: 3 explains';
}

/** Policies by name, scrubbed; empty for none. */
export function policyNames(policies: readonly Policy[] | undefined): string {
  return scrub((policies ?? []).map((policy) => `${policy.namespace === undefined || policy.namespace === '' ? '' : `${policy.namespace}/`}${policy.name ?? ''}`).join(', '), 200);
}
