import type { RowView } from '../model/flow-rows.ts';
import { flagsOf, flowReason, portOf, protocolOf, sourcePortOf, whatOf } from '../model/flow-words.ts';
import { dropClass } from '../model/drop-words.ts';
import { extensionOf } from '../model/row-flow.ts';
import { withoutSecrets } from '../model/redact.ts';
import type { State } from '../model/state.ts';
import { enumName } from '../wire/codec.ts';
import { TraceReasonEnum, type Endpoint, type Flow } from '../wire/gen/flow.ts';
import { scrub } from '../lib/scrub.ts';
import { left, line, middle, type Line } from '../screen/line.ts';
import { addressText, headLine, identityText, namesText, podName, policyNames, seenAt, serviceText, shortLabels, volumeText, workloadText } from './flow-texts.ts';

/** A line of the page; the smaller its rank, the sooner it has a place. */
interface Fact {
  rank: number;
  line: Line;
}

/** Number of event_type of what a policy said to a new connection. */
const POLICY_VERDICT = 5;
const MAX_LABEL_LINES = 5;
const MATCHES = ['none', 'L3', 'L3 and L4', 'L4', 'all', 'L3 and protocol', 'protocol'];

/** What a flow says of itself, in at most `rows` lines: those that say nothing go first. */
export function flowFacts(state: State, row: RowView, shape: { flow: Flow; cols: number; rows: number }): Line[] {
  const facts = allFacts(state, row, shape);
  const kept = facts.map((fact, i) => ({ ...fact, i })).toSorted((one, other) => one.rank - other.rank || one.i - other.i).slice(0, Math.max(0, shape.rows));
  return kept.toSorted((one, other) => one.i - other.i).map((fact) => fact.line);
}

/** Lines the facts would fill that say something. */
export function factRows(state: State, row: RowView, shape: { flow: Flow; cols: number }): number {
  return allFacts(state, row, shape).filter(({ rank }) => rank < EMPTY).length;
}

/** Rank of lines that hold nothing but a dash. */
const EMPTY = 8;

function allFacts(state: State, row: RowView, { flow, cols }: { flow: Flow; cols: number }): Fact[] {
  const isWide = cols >= 110;
  const label = isWide ? 11 : 10;
  const half = Math.floor((cols - label - 2) / 2);
  const two = (rank: number, name: string, source: string, destination: string): Fact => ({
    rank: (source === '-' || source === '') && (destination === '-' || destination === '') ? EMPTY + rank : rank,
    line: line(cols, [' ', [left(name, label), 'dim'], left(middle(source, half - 1), half), middle(destination, half - 1)]),
  });
  const one = (rank: number, name: string, text: string): Fact => ({ rank: text === '' || text === '-' ? EMPTY + rank : rank, line: line(cols, [' ', [left(name, label), 'dim'], middle(text === '' ? '-' : text, cols - label - 2)]) });
  const { source, destination } = flow;
  // the page is about the packet: it tells its true direction
  const [sourceRole, destinationRole] = flow.is_reply === undefined ? ['', ''] : flow.is_reply.value === true ? [' (server)', ' (client)'] : [' (client)', ' (server)'];
  const extension = extensionOf(flow);
  return [
    { rank: 0, line: headLine(state, row, { flow, cols }) },
    { rank: isWide ? 5 : EMPTY, line: line(cols, []) },
    { rank: 1, line: line(cols, [[` ${' '.repeat(label)}${left(`SOURCE${sourceRole}`, half)}DESTINATION${destinationRole}`, 'dim']]) },
    two(0, 'pod', podName(source), podName(destination)),
    two(1, 'workload', workloadText(source), workloadText(destination)),
    two(0, 'identity', identityWords(source, isWide), identityWords(destination, isWide)),
    ...(isWide ? labelFacts(flow, two) : []),
    two(0, 'ip:port', addressText(flow.IP?.source, sourcePortOf(flow)), addressText(flow.IP?.destination, portOf(flow))),
    two(3, 'service', serviceText(flow.source_service), serviceText(flow.destination_service)),
    two(4, 'names', namesText(flow.source_names), namesText(flow.destination_names)),
    { rank: isWide ? 5 : EMPTY, line: line(cols, []) },
    one(1, 'l4', [`${protocolOf(flow)} ${flagsOf(flow)}`.trim(), replyWords(flow), reasonWords(flow)].filter((part) => part !== '').join('   ')),
    one(flow.l7 === undefined ? EMPTY : 2, 'l7', flow.l7 === undefined ? '' : [whatOf(flow, state.isRevealed), flow.proxy_port === undefined || flow.proxy_port === 0 ? '' : `proxy port ${flow.proxy_port}`].filter((part) => part !== '').join('   ')),
    one(1, 'policy', policyWords(flow)),
    one(4, 'seen at', [seenAt(flow), flow.file?.name === undefined ? '' : scrub(`${flow.file.name}:${flow.file.line ?? 0}`, 60)].filter((part) => part !== '').join('   ')),
    one(4, 'volume', volumeText(extension)),
    // a summary of a request has its URL in it
    one(5, 'summary', scrub(state.isRevealed ? (flow.Summary ?? '') : withoutSecrets(flow.Summary ?? ''), 300)),
    one(6, 'emitter', [scrub(flow.node_name ?? '', 80), scrub(`${flow.emitter?.name ?? ''} ${flow.emitter?.version ?? ''}`.trim(), 60), flow.IP?.encrypted === true ? 'encrypted' : ''].filter((part) => part !== '').join('   ')),
    one(6, 'uuid', scrub(flow.uuid ?? '', 64)),
  ];
}

function identityWords(endpoint: Endpoint | undefined, isWide: boolean): string {
  const id = identityText(endpoint);
  return isWide || id === '-' ? id : `${id} ${shortLabels(endpoint)}`.trim();
}

function labelFacts(flow: Flow, two: (rank: number, name: string, source: string, destination: string) => Fact): Fact[] {
  const of = (endpoint: Endpoint | undefined): string[] => (endpoint?.labels ?? []).map((label) => scrub(label.replace(/^k8s:/, ''), 200));
  const [from, to] = [of(flow.source), of(flow.destination)];
  const rows = Math.min(MAX_LABEL_LINES, Math.max(1, from.length, to.length));
  return Array.from({ length: rows }, (_, i) => two(2 + i, i === 0 ? 'labels' : '', from[i] ?? (i === 0 ? '-' : ''), to[i] ?? (i === 0 ? '-' : '')));
}

function replyWords(flow: Flow): string {
  return flow.is_reply === undefined ? 'reply not known' : `reply ${flow.is_reply.value === true ? 'yes' : 'no'}`;
}

function reasonWords(flow: Flow): string {
  return (flow.trace_reason ?? 0) === 0 ? '' : `connection ${enumName(TraceReasonEnum, flow.trace_reason).toLowerCase().replaceAll('_', ' ')}`;
}

// the raw fields, empty ones too: what a verdict leaves empty says something, what a drop event leaves out does not
function policyWords(flow: Flow): string {
  const reason = flowReason(flow);
  const named = ([['egress_allowed_by', flow.egress_allowed_by], ['ingress_allowed_by', flow.ingress_allowed_by], ['egress_denied_by', flow.egress_denied_by], ['ingress_denied_by', flow.ingress_denied_by]] as const)
    .filter(([, policies]) => (policies ?? []).length > 0).map(([field, policies]) => `${field} ${policyNames(policies)}`);
  const log = (flow.policy_log ?? []).length === 0 ? [] : [`policy_log ${scrub((flow.policy_log ?? []).join(' | '), 160)}`];
  if (flow.event_type?.type === POLICY_VERDICT) {
    const isDenied = reason !== '';
    const empty = isDenied && !named.some((text) => text.includes('denied_by')) ? ['denied_by (empty) → default deny'] : [];
    return [...empty, ...named, ...log, `matched ${MATCHES[flow.policy_match_type ?? 0] ?? String(flow.policy_match_type)}`].join('   ');
  }
  const refusal = extensionOf(flow)?.refusal;
  if (refusal !== undefined) return `denied_by ${policyNames(refusal.denied_by) || '(empty)'}   selecting ${policyNames(refusal.selecting) || '-'}`;
  if (named.length + log.length > 0) return [...named, ...log].join('   ');
  return reason !== '' && dropClass(reason) === 'pol' ? 'a drop event names no policy; its verdict does, where there is one' : '';
}
