import { conversationOf, seenAtEnd, type End } from '../model/conversation.ts';
import { dropClass } from '../model/drop-words.ts';
import type { RowView } from '../model/flow-rows.ts';
import { endpointName, flagsOf, flowReason, portOf, protocolOf, sourcePortOf, whatOf } from '../model/flow-words.ts';
import { packetRows } from '../model/packet-rows.ts';
import { extensionOf, flowOfRow } from '../model/row-flow.ts';
import { textOfRow } from '../model/row-text.ts';
import type { State } from '../model/state.ts';
import { enumName } from '../wire/codec.ts';
import { TraceObservationPointEnum, TrafficDirectionEnum, type Endpoint, type Flow } from '../wire/gen/flow.ts';
import type { FlowExtension } from '../wire/gen/hubtop.ts';
import { scrub } from '../lib/scrub.ts';
import { bytes, clock, grouped } from '../screen/format.ts';
import { left, line, middle, type Line, type Piece, type Size } from '../screen/line.ts';
import { rule } from './rule.ts';
import { verdictWord } from './verdict.ts';

/** The selected line in a few more, below the stream. */
export function flowSummary(state: State, row: RowView, cols: number): Line[] {
  const head = rule(cols, 'SELECTED', '', cols >= 110 ? 'Enter everything   h l column   + - only, not' : 'Enter everything');
  const flow = flowOfRow(state, row);
  if (flow === undefined) return [head, line(cols, [' ', [textOfRow(row), 'dim']])];
  return [
    head,
    headLine(state, row, { flow, cols }),
    ...endLines(flow, cols),
    line(cols, [' ', [left('what', 7), 'dim'], `${protocolOf(flow)} ${whatOf(flow)}`, ['   ' + volumeText(extensionOf(flow)), 'dim']]),
    line(cols, [' ', [left('why', 7), 'dim'], [whyText(flow), 'dim']]),
  ];
}

/** Everything known of one flow: the page behind Enter. */
export function flowDetail(state: State, row: RowView, size: Size): Line[] {
  const { cols } = size;
  const head = rule(cols, 'FLOW', '', 'Esc back   j k next, previous');
  const flow = flowOfRow(state, row);
  if (flow === undefined) return [head, line(cols, [' ', textOfRow(row)])];
  const extension = extensionOf(flow);
  const label = cols >= 110 ? 11 : 10;
  const half = Math.floor((cols - label - 2) / 2);
  const two = (name: string, source: string, destination: string): Line => line(cols, [' ', [left(name, label), 'dim'], left(middle(source, half - 1), half), middle(destination, half - 1)]);
  const one = (name: string, text: string): Line => line(cols, [' ', [left(name, label), 'dim'], text === '' ? ['-', 'dim'] : middle(text, cols - label - 2)]);
  const { source, destination } = flow;
  // the page is about the packet: it tells its true direction
  const [sourceRole, destinationRole] = flow.is_reply === undefined ? ['', ''] : flow.is_reply.value === true ? [' (server)', ' (client)'] : [' (client)', ' (server)'];
  return [
    head, headLine(state, row, { flow, cols }), line(cols, []),
    line(cols, [[` ${' '.repeat(label)}${left(`SOURCE${sourceRole}`, half)}DESTINATION${destinationRole}`, 'dim']]),
    two('pod', podName(source), podName(destination)),
    two('workload', workloadText(source), workloadText(destination)),
    two('identity', identityText(source), identityText(destination)),
    two('ip:port', addressText(flow.IP?.source, sourcePortOf(flow)), addressText(flow.IP?.destination, portOf(flow))),
    two('service', serviceText(flow.source_service), serviceText(flow.destination_service)),
    two('names', namesText(flow.source_names), namesText(flow.destination_names)),
    ...labelLines(source, destination, two),
    line(cols, []),
    one('protocol', `${protocolOf(flow)} ${flagsOf(flow)}`.trim()),
    one('what', whatOf(flow)),
    one('summary', scrub(flow.Summary ?? '', 300)),
    one('reply', flow.is_reply === undefined ? 'not known' : flow.is_reply.value === true ? 'yes' : 'no'),
    one('seen at', seenAt(flow)),
    one('node', scrub(flow.node_name ?? '', 120)),
    one('volume', volumeText(extension)),
    one('why', whyText(flow)),
    one('uuid', scrub(flow.uuid ?? '', 64)),
  ];
}

function seenAt(flow: Flow): string {
  const point = (flow.trace_observation_point ?? 0) === 0 ? '' : enumName(TraceObservationPointEnum, flow.trace_observation_point).toLowerCase().replaceAll('_', '-');
  const direction = (flow.traffic_direction ?? 0) === 0 ? '' : enumName(TrafficDirectionEnum, flow.traffic_direction).toLowerCase();
  const device = flow.interface?.name === undefined ? '' : `interface ${scrub(flow.interface.name, 32)}`;
  return [point, direction, device].filter((part) => part !== '').join(', ');
}

function headLine(state: State, row: RowView, shape: { flow: Flow; cols: number }): Line {
  const verdict = verdictWord(row.verdict);
  const reason = flowReason(shape.flow);
  const folded = row.count > 1 ? `   stands for ×${grouped(row.count)}` : '';
  return line(shape.cols, [' ', [verdict.long, verdict.role], ['  ' + reason, verdict.role], `  ${clock(row.timeMs, true)}Z  `, [witnessText(state, row), 'dim'], [folded, 'warn']]);
}

// the client first, as in the line above; where nobody says who that is, the sender
function endLines(flow: Flow, cols: number): Line[] {
  const { client, server } = conversationOf(flow);
  const [one, other] = flow.is_reply === undefined ? ['from', 'to'] : ['client', 'server'];
  return [endLine(one ?? '', client, cols), endLine(other ?? '', server, cols)];
}

function endLine(name: string, end: End, cols: number): Line {
  const pieces: Piece[] = [' ', [left(name, 7), 'dim'], endpointName(end.endpoint, end.ip, undefined), ['   ' + addressText(end.ip, end.port), 'dim'], ['   ' + identityText(end.endpoint), 'dim'], ['   ' + shortLabels(end.endpoint), 'dim']];
  return line(cols, pieces);
}

// who reported the packet: all reports of it, each once
function witnessText(state: State, row: RowView): string {
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

const POLICY_VERDICT = 5;

function podName(endpoint: Endpoint | undefined): string {
  return endpoint?.pod_name === undefined || endpoint.pod_name === '' ? '-' : scrub(`${endpoint.namespace ?? ''}/${endpoint.pod_name}`, 200);
}

function workloadText(endpoint: Endpoint | undefined): string {
  const workload = endpoint?.workloads?.[0];
  return workload === undefined ? '-' : scrub(`${workload.kind ?? ''} ${workload.name ?? ''}`.trim(), 120);
}

function identityText(endpoint: Endpoint | undefined): string {
  return endpoint?.identity === undefined || endpoint.identity === 0 ? '-' : `id ${endpoint.identity}`;
}

function addressText(ip: string | undefined, port: number): string {
  const address = scrub(ip ?? '', 45);
  if (address === '') return '-';
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function serviceText(service: { name?: string | undefined; namespace?: string | undefined } | undefined): string {
  return service?.name === undefined || service.name === '' ? '-' : scrub(`${service.namespace ?? ''}/${service.name}`, 120);
}

function namesText(names: readonly string[] | undefined): string {
  return names === undefined || names.length === 0 ? '-' : scrub(names.join(' '), 200);
}

function shortLabels(endpoint: Endpoint | undefined): string {
  return scrub((endpoint?.labels ?? []).filter((label) => !label.includes('io.kubernetes') && !label.includes('io.cilium')).map((label) => label.replace(/^k8s:/, '')).join(' '), 200);
}

const MAX_LABEL_LINES = 5;

function labelLines(source: Endpoint | undefined, destination: Endpoint | undefined, two: (name: string, source: string, destination: string) => Line): Line[] {
  const of = (endpoint: Endpoint | undefined): string[] => (endpoint?.labels ?? []).map((label) => scrub(label.replace(/^k8s:/, ''), 200));
  const from = of(source);
  const to = of(destination);
  const rows = Math.max(1, Math.min(MAX_LABEL_LINES, Math.max(from.length, to.length)));
  return Array.from({ length: rows }, (_, i) => two(i === 0 ? 'labels' : '', from[i] ?? (i === 0 ? '-' : ''), to[i] ?? (i === 0 ? '-' : '')));
}

function volumeText(extension: FlowExtension | undefined): string {
  if (extension === undefined) return '';
  const skbs = extension.skbs ?? 0;
  if (skbs === 0 && (extension.bytes ?? 0) === 0) return '';
  return `${grouped(skbs)} packet${skbs === 1 ? '' : 's'}, ${bytes(extension.bytes ?? 0)} since the last report (${scrub(extension.why ?? '', 20)})${extension.mid_stream === true ? ', began before we looked' : ''}`;
}

function whyText(flow: Flow): string {
  const reason = flowReason(flow);
  if (reason === '') {
    const by = [...(flow.egress_allowed_by ?? []), ...(flow.ingress_allowed_by ?? [])].map((policy) => `${policy.namespace ?? ''}/${policy.name ?? ''}`);
    return by.length === 0 ? '-' : scrub(`allowed by ${by.join(', ')}`, 200);
  }
  if (reason.startsWith('NO_SOCKET')) return `nothing listens on port ${portOf(flow)} there: the kernel refuses the packet`;
  const denied = [...(flow.egress_denied_by ?? []), ...(flow.ingress_denied_by ?? [])].map((policy) => `${policy.namespace ?? ''}/${policy.name ?? ''}`);
  if (denied.length > 0) return scrub(`denied by ${denied.join(', ')}`, 200);
  return dropClass(reason) === 'pol' ? 'no policy is named: a default deny, nothing allows it' : `${reason}: the flow names no further cause`;
}
