import type { Chip } from './chips.ts';
import type { Pair } from './directory.ts';
import { figures, type Figures, type PairFigure } from './figures.ts';
import { flowGroups, type FlowGroup, type PodName } from './flow-groups.ts';
import { l7Figures } from './l7-figures.ts';
import { pairChips, pairSubject, portText, subjectOfChips } from './pair-text.ts';
import type { PairCounts } from './pair-table.ts';
import type { State } from './state.ts';
import type { Subject } from './subject.ts';
import { tableOf } from './tables.ts';

/** What the rows of the talkers view stand for. */
export const TALKER_GROUPS = ['workload', 'namespace', 'node', 'pod'] as const;
export type TalkerGroup = (typeof TALKER_GROUPS)[number];

/** One row: somebody who talks to somebody. Counts are of the window. */
export interface Talker {
  key: string;
  source: string;
  /** Empty where the row is of one party: a node. */
  destination: string;
  /** As `:8080`, empty where ports are taken together. */
  port: string;
  protocol: number;
  counts: PairCounts;
  /** Share of answers that are errors of the server, 0 to 1; undefined where no answers are seen. */
  errors: number | undefined;
  /** What the pivot keys read, and the filter for the flows of it; made when asked for: rows are many, and one is selected. */
  subject(): Subject;
  chips(): readonly Chip[];
  /** Pairs it is made of; none where it is made of flows. */
  pairs: readonly number[];
  flowGroup?: FlowGroup;
}

/** All rows of a moment, in no order. */
export interface Talkers {
  group: TalkerGroup;
  rows: Talker[];
  /** Seconds that counts are of. */
  seconds: number;
  /** Counted by agents, with bytes; else from flows. */
  hasVolume: boolean;
  /** Some answers of applications are seen. */
  hasErrors: boolean;
}

interface Cache {
  now: Figures;
  group: TalkerGroup;
  made: Talkers;
}

const caches = new WeakMap<object, Cache>();

/** How the reader wants the view's rows. */
export function talkerGroup(state: State): TalkerGroup {
  const { group } = tableOf(state, 'talkers');
  return TALKER_GROUPS.find((known) => known === group) ?? 'workload';
}

/** Rows by pod and verdict, as long as the reader has not chosen: what somebody who prints the view is after. */
export function preferPods(state: State): void {
  const table = tableOf(state, 'talkers');
  if (table.group === '') table.group = 'pod';
}

/** Rows of pods and nodes are made of flows: then every flow must come. */
export function needsFlows(state: State): boolean {
  const group = talkerGroup(state);
  return group === 'pod' || group === 'node';
}

/** The rows at the state's moment; made once for each set of figures, borrowed by the caller. */
export function talkers(state: State): Talkers {
  const now = figures(state);
  const group = talkerGroup(state);
  const cache = caches.get(state.tables);
  if (cache?.now === now && cache.group === group) return cache.made;
  const made = group === 'pod' || group === 'node' ? ofFlows(state, group) : ofPairs(state, now, group);
  caches.set(state.tables, { now, group, made });
  return made;
}

function ofPairs(state: State, now: Figures, group: TalkerGroup): Talkers {
  const errors = errorsBetween(state, now.pairs);
  const rows = group === 'namespace' ? namespaceRows(now.pairs) : now.pairs.map((pair) => pairRow(pair, errors.get(pair.id)));
  return { group, rows, seconds: now.seconds, hasVolume: now.pairs.some(({ bytes }) => bytes > 0), hasErrors: group === 'workload' && errors.size > 0 };
}

function pairRow(figure: PairFigure, errors: number | undefined): Talker {
  const { pair, id } = figure;
  return {
    key: String(id), source: pair.source.name, destination: pair.destination.name, port: plainPort(pair), protocol: pair.protocol, counts: figure, errors,
    subject: () => pairSubject(pair), chips: () => pairChips(pair), pairs: [id],
  };
}

/** The port without the protocol: it has a column of its own. */
function plainPort(pair: Pair): string {
  return portText(pair).replace(/\/.*$/, '');
}

function namespaceRows(pairs: readonly PairFigure[]): Talker[] {
  const rows = new Map<string, Talker & { pairs: number[] }>();
  for (const figure of pairs) {
    const [source, destination] = [spaceOf(figure.pair.source), spaceOf(figure.pair.destination)];
    const key = `${source.name} ${destination.name}`;
    const known = rows.get(key);
    if (known !== undefined) {
      addCounts(known.counts, figure);
      known.pairs.push(figure.id);
      continue;
    }
    const chips = (): Chip[] => [source.chip('from'), destination.chip('to')];
    rows.set(key, { key, source: source.name, destination: destination.name, port: '', protocol: 0, counts: countsOf(figure), errors: undefined, subject: () => subjectOfChips(chips()), chips, pairs: [figure.id] });
  }
  return [...rows.values()];
}

// who is in no namespace stands for himself: world, host, an address
function spaceOf({ namespace, name }: Pair['source']): { name: string; chip: (side: 'from' | 'to') => Chip } {
  return namespace === ''
    ? { name, chip: (side) => ({ field: `${side}-workload`, value: name, isNegated: false }) }
    : { name: namespace, chip: (side) => ({ field: `${side}-namespace`, value: namespace, isNegated: false }) };
}

function countsOf(figure: PairCounts): PairCounts {
  const { flows, connections, bytes, skbs, replies, dropped, resets, syns, synAcks, strays } = figure;
  return { flows, connections, bytes, skbs, replies, dropped, resets, syns, synAcks, strays };
}

function addCounts(into: PairCounts, more: PairCounts): void {
  for (const name of Object.keys(into) as (keyof PairCounts)[]) into[name] += more[name];
}

function ofFlows(state: State, group: 'pod' | 'node'): Talkers {
  const { groups, seconds } = flowGroups(state, group);
  const rows = groups.map((one): Talker => {
    const counts: PairCounts = { flows: one.flows, connections: one.opened, bytes: 0, skbs: 0, replies: 0, dropped: one.dropped, resets: one.resets, syns: 0, synAcks: 0, strays: 0 };
    if (group === 'node') {
      const chips = (): Chip[] => [{ field: 'node', value: one.node, isNegated: false }];
      return { key: one.key, source: one.node, destination: '', port: '', protocol: 0, counts, errors: undefined, subject: () => subjectOfChips(chips()), chips, pairs: [], flowGroup: one };
    }
    const chips = (): Chip[] => [podChip('from', one.client), podChip('to', one.server), ...(one.pair === undefined ? [] : pairChips(one.pair).filter(({ field }) => field === 'port'))];
    const spaces = (): Subject => ({ ...(one.client.namespace === '' ? {} : { 'from-namespace': one.client.namespace }), ...(one.server.namespace === '' ? {} : { 'to-namespace': one.server.namespace }) });
    return {
      key: one.key, source: podText(one.client), destination: podText(one.server), port: one.pair === undefined ? '' : plainPort(one.pair), protocol: one.pair?.protocol ?? 0, counts, errors: undefined,
      subject: () => ({ ...(one.pair === undefined ? {} : pairSubject(one.pair)), ...spaces(), ...subjectOfChips(chips()) }), chips, pairs: [], flowGroup: one,
    };
  });
  return { group, rows, seconds, hasVolume: false, hasErrors: false };
}

function podChip(side: 'from' | 'to', pod: PodName): Chip {
  return pod.isPod ? { field: `${side}-pod`, value: podText(pod), isNegated: false } : { field: `${side}-workload`, value: pod.name, isNegated: false };
}

/** `namespace/pod`, or the name of who is no pod. */
export function podText({ namespace, name }: PodName): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/**
 * Share of answers that are the server's errors, by pair. Applications are told apart by server and caller, not by port: where two
 * talk on several TCP ports nobody can say whose the answers are, and none is told.
 */
export function errorsBetween(state: State, pairs: readonly PairFigure[]): Map<number, number> {
  const found = new Map<number, number>();
  if (state.l7.records === 0) return found;
  const told = new Map<string, { count: number; bad: number }>();
  for (const { server, callers } of l7Figures(state).routes) {
    for (const { name, count, bad } of callers) {
      const key = `${name} ${server}`;
      const sum = told.get(key) ?? { count: 0, bad: 0 };
      told.set(key, { count: sum.count + count, bad: sum.bad + bad });
    }
  }
  const ids = new Map<string, number[]>();
  for (const { id, pair } of pairs) if (pair.protocol === TCP) ids.set(`${pair.source.name} ${pair.destination.name}`, [...(ids.get(`${pair.source.name} ${pair.destination.name}`) ?? []), id]);
  for (const [key, { count, bad }] of told) {
    const [id, ...others] = ids.get(key) ?? [];
    if (id !== undefined && others.length === 0 && count > 0) found.set(id, bad / count);
  }
  return found;
}

const TCP = 6;
