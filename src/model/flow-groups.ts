import { scrub } from '../lib/scrub.ts';
import type { Pair } from './directory.ts';
import { momentSecond } from './figures.ts';
import { ROW_FLOW, type RowColumns } from './flow-rows.ts';
import { pairOfMark, RowMark } from './row-mark.ts';
import type { State } from './state.ts';

/** Groups kept apart at most; flows of later ones are counted as left out. */
const MAX_GROUPS = 4_096;
/** Columns of a group's trend over the window. */
export const TREND_STEPS = 24;
/** Flows of several nodes come in order but for this much. */
const DISORDER_MS = 2_000;

/** By what flows are put together: who talks to whom pod by pod and with which verdict, or the node that told of them. */
export type FlowGrouping = 'pod' | 'node';

/** A pod, or what stands for somebody who is none. */
export interface PodName {
  namespace: string;
  /** Pod, workload, or a name such as `world`. */
  name: string;
  isPod: boolean;
}

/** Flows that have something in common. */
export interface FlowGroup {
  key: string;
  /** Of pods; of a node's flows both are nobody. */
  client: PodName;
  server: PodName;
  pair: Pair | undefined;
  /** Number of the verdict; 0 where it does not tell groups apart. */
  verdict: number;
  node: string;
  flows: number;
  opened: number;
  dropped: number;
  resets: number;
  /** Events in TREND_STEPS equal parts of the window. */
  trend: Float64Array;
}

/** The flows of a window in groups, from the buffered rows. */
export interface FlowGroups {
  groups: FlowGroup[];
  flows: number;
  /** Seconds of the window that rows cover: the buffer is bounded, and a stream has a beginning. */
  seconds: number;
  /** Flows of groups that found no room. */
  leftOut: number;
}

interface Cache {
  version: string;
  made: FlowGroups;
}

const caches = new WeakMap<State['rows'], Map<FlowGrouping, Cache>>();
const NOBODY: PodName = { namespace: '', name: '', isPod: false };

/** The flows of the state's moment and window in groups; made once a second, borrowed by the caller. */
export function flowGroups(state: State, by: FlowGrouping): FlowGroups {
  const toSecond = momentSecond(state);
  const version = `${toSecond} ${state.windowSeconds} ${state.flows.openedMs} ${state.rows.length === 0 ? 0 : 1} ${state.chips.length}`;
  let known = caches.get(state.rows);
  if (known === undefined) caches.set(state.rows, known = new Map());
  const cache = known.get(by);
  if (cache?.version === version) return cache.made;
  const made = makeGroups(state, by, toSecond);
  known.set(by, { version, made });
  return made;
}

function makeGroups(state: State, by: FlowGrouping, toSecond: number): FlowGroups {
  const toMs = toSecond * 1000;
  const windowMs = state.windowSeconds * 1000;
  const fromMs = toMs - windowMs;
  const groups = new Map<number, FlowGroup>();
  const names = new PodNames(state);
  const all: FlowGroups = { groups: [], flows: 0, seconds: coveredSeconds(state, fromMs, toMs), leftOut: 0 };
  state.rows.forEach(Math.max(state.rows.wholeFrom, state.rows.firstSince(fromMs - DISORDER_MS)), (row) => {
    if (row.kind !== ROW_FLOW || (row.mark & RowMark.COUNTED) === 0 || row.timeMs < fromMs || row.timeMs >= toMs) return;
    all.flows += row.count;
    const key = by === 'node' ? row.node : names.keyOf(row);
    let group = groups.get(key);
    if (group === undefined) {
      if (groups.size >= MAX_GROUPS) return void (all.leftOut += row.count);
      group = by === 'node' ? nodeGroup(state, row.node) : podGroup(state, names, row);
      groups.set(key, group);
    }
    addRow(group, row, Math.floor(((row.timeMs - fromMs) / windowMs) * TREND_STEPS));
  });
  all.groups = [...groups.values()];
  return all;
}

// a stream that holds all there is began when it was opened; a full buffer begins with its oldest row, or behind a hole
function coveredSeconds(state: State, fromMs: number, toMs: number): number {
  const { rows } = state;
  const isMended = rows.wholeFrom > rows.first;
  const first = rows.get(isMended ? rows.wholeFrom : rows.first);
  const hasRoom = first === undefined || (!isMended && (rows.first === 0 || first.kind !== ROW_FLOW));
  const beganMs = Math.max(state.flows.openedMs, hasRoom ? 0 : first.timeMs);
  return Math.max(0, toMs - Math.max(fromMs, Number.isFinite(beganMs) ? beganMs : toMs)) / 1000;
}

function addRow(group: FlowGroup, row: RowColumns, step: number): void {
  const { count, mark } = row;
  group.flows += count;
  if ((mark & RowMark.OPENS) !== 0) group.opened++;
  if ((mark & RowMark.DROPS) !== 0) group.dropped += count;
  if ((mark & RowMark.RESET) !== 0) group.resets += count;
  group.trend[step] = (group.trend[step] ?? 0) + count;
}

function nodeGroup(state: State, id: number): FlowGroup {
  const node = state.nodeNames.get(id);
  return { key: node, client: NOBODY, server: NOBODY, pair: undefined, verdict: 0, node, flows: 0, opened: 0, dropped: 0, resets: 0, trend: new Float64Array(TREND_STEPS) };
}

function podGroup(state: State, names: PodNames, row: RowColumns): FlowGroup {
  const pair = state.directory.pairAt(pairOfMark(row.mark));
  const isReply = (row.mark & RowMark.REPLY) !== 0;
  const client = names.nameOf(isReply ? row.destination : row.source) ?? { namespace: '', name: pair.source.name, isPod: false };
  const server = names.nameOf(isReply ? row.source : row.destination) ?? { namespace: '', name: pair.destination.name, isPod: false };
  const key = [client.namespace, client.name, server.namespace, server.name, pair.port, pair.protocol, row.verdict].join(' ');
  return { key, client, server, pair, verdict: row.verdict, node: '', flows: 0, opened: 0, dropped: 0, resets: 0, trend: new Float64Array(TREND_STEPS) };
}

/** Names of pods by number: an endpoint that got other labels is the same pod. */
class PodNames {
  private readonly ids: (number | undefined)[] = [];
  private readonly byText = new Map<string, number>();
  private readonly names: (PodName | undefined)[] = [undefined];
  private readonly state: State;

  constructor(state: State) {
    this.state = state;
  }

  /** Key of who talks to whom, on what, with which verdict: 18 + 18 + 13 + 4 bits fit a double's 53. */
  keyOf(row: RowColumns): number {
    const isReply = (row.mark & RowMark.REPLY) !== 0;
    const client = this.idOf(isReply ? row.destination : row.source);
    const server = this.idOf(isReply ? row.source : row.destination);
    return ((client * 262_144 + server) * 8_192 + pairOfMark(row.mark)) * 16 + (row.verdict & 15);
  }

  nameOf(endpoint: number): PodName | undefined {
    return this.names[this.idOf(endpoint)];
  }

  private idOf(endpoint: number): number {
    if (endpoint === 0) return 0;
    return (this.ids[endpoint] ??= this.newId(endpoint));
  }

  private newId(endpoint: number): number {
    const name = podName(this.state, endpoint);
    const text = `${name.namespace}/${name.name}`;
    const known = this.byText.get(text);
    if (known !== undefined) return known;
    this.byText.set(text, this.names.length);
    return this.names.push(name) - 1;
  }
}

function podName(state: State, endpoint: number): PodName {
  const full = state.endpoints.get(endpoint);
  const namespace = scrub(full.namespace ?? '', 63);
  const pod = scrub(full.pod_name ?? '', 120);
  if (pod !== '') return { namespace, name: pod, isPod: true };
  const party = state.directory.partyAt(state.partyOfEndpoint[endpoint] ?? 0).name;
  return { namespace: '', name: party, isPod: false };
}
