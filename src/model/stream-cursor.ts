import type { Endpoint } from '../wire/gen/flow.ts';
import { scrub } from '../lib/scrub.ts';
import { VERDICT_CHIPS, type ChipField } from './chips.ts';
import { conversationOf } from './conversation.ts';
import { partyOf } from './directory.ts';
import { flowReason, protocolOf } from './flow-words.ts';
import type { Action } from './messages.ts';
import { packetIdsAfter, packetRows } from './packet-rows.ts';
import { flowOfRow } from './row-flow.ts';
import type { State } from './state.ts';
import type { Subject } from './subject.ts';

/** A column the cursor can stand in, and which value of a row it is about. */
export interface StreamColumn {
  title: string;
  field(subject: Subject): ChipField;
}

/** Columns of the stream in their order on the screen. */
export const STREAM_COLUMNS: readonly StreamColumn[] = [
  { title: 'VERDICT', field: () => 'verdict' },
  { title: 'SOURCE', field: (subject) => (subject['from-pod'] === undefined ? 'from-workload' : 'from-pod') },
  { title: 'DESTINATION', field: (subject) => (subject['to-pod'] === undefined ? 'to-workload' : 'to-pod') },
  { title: 'PORT', field: () => 'port' },
  { title: 'PROTO', field: () => 'protocol' },
  { title: 'WHY', field: () => 'drop-reason' },
  { title: 'NODE', field: () => 'node' },
];

export function isColumnMove(action: Action): boolean {
  return action === 'column-left' || action === 'column-right';
}

/** Moves the column cursor. */
export function moveColumn(state: State, action: Action): void {
  const step = action === 'column-left' ? -1 : 1;
  state.stream.column = (state.stream.column + step + STREAM_COLUMNS.length) % STREAM_COLUMNS.length;
}

/** Moves the row cursor. Moving up stops time for the views at once, never the reception; the end goes live. */
export function moveStream(state: State, action: Action): void {
  const { rows, stream } = state;
  const newest = rows.next - 1;
  // a page of nothing but a note: the history is still on its way
  if (newest <= rows.first) return;
  if (action === 'last') {
    state.pausedAtMs = 0;
    stream.bottom = -1;
    stream.selected = -1;
    return;
  }
  const from = stream.selected >= 0 ? stream.selected : stream.bottom >= 0 ? stream.bottom : newest;
  const page = Math.max(1, stream.pageRows - 1);
  const steps: Partial<Record<Action, number>> = {
    up: stream.selected < 0 ? 0 : -1, down: 1, 'page-up': -page, 'page-down': page, 'half-up': -(page >> 1), 'half-down': page >> 1, first: -Infinity,
  };
  const selected = stepped(state, from, steps[action] ?? 0);
  if (stream.bottom < 0) {
    stream.bottom = newest;
    state.pausedAtMs = state.nowMs;
  }
  stream.selected = selected;
  if (selected > stream.bottom) stream.bottom = selected;
  const top = packetRows(state, stream.bottom, stream.pageRows)[0]?.row.id ?? rows.first;
  if (selected < top) stream.bottom = packetIdsAfter(state, selected, stream.pageRows - 1).at(-1) ?? selected;
}

// steps are lines: rows of one packet are one
function stepped(state: State, from: number, step: number): number {
  if (step === -Infinity) return state.rows.first;
  if (step > 0) return packetIdsAfter(state, from, step).at(-1) ?? from;
  return packetRows(state, from, 1 - step)[0]?.row.id ?? from;
}

/** What the selected row of the stream is about. */
export function streamSubject(state: State): Subject {
  const id = state.stream.selected >= 0 ? state.stream.selected : state.rows.next - 1;
  const row = state.rows.get(id);
  const flow = row === undefined ? undefined : flowOfRow(state, row);
  if (row === undefined || flow === undefined) return state.stream.selected >= 0 ? {} : state.stream.pivot;
  const { client, server } = conversationOf(flow);
  state.stream.pivot = withoutEmpty({
    ...sideSubject(client.endpoint, 'from'),
    ...sideSubject(server.endpoint, 'to'),
    verdict: VERDICT_CHIPS.find((verdict) => verdict.number === row.verdict)?.name ?? '',
    protocol: protocolOf(flow).toLowerCase().replace(/^icmpv?[46]?$/, 'icmp'),
    'drop-reason': flowReason(flow),
    port: server.port > 0 ? String(server.port) : '',
    node: state.nodeNames.get(row.node),
  });
  return state.stream.pivot;
}

function sideSubject(endpoint: Endpoint | undefined, side: 'from' | 'to'): Subject {
  const party = partyOf(endpoint, '');
  const pod = scrub(endpoint?.pod_name ?? '', 120);
  return {
    [`${side}-pod`]: pod === '' ? '' : party.namespace === '' ? pod : `${party.namespace}/${pod}`,
    [`${side}-workload`]: party.name,
    [`${side}-namespace`]: party.namespace,
  };
}

function withoutEmpty(subject: Subject): Subject {
  return Object.fromEntries(Object.entries(subject).filter(([, value]) => value !== ''));
}
