import { answeringOf, hearsAnswers } from './answers.ts';
import type { Pair } from './directory.ts';
import { dropWords } from './drop-words.ts';
import { figures, type DropFigure, type Figures, type PairFigure } from './figures.ts';
import { portText } from './pair-text.ts';
import type { State } from './state.ts';
import { errorsBetween } from './talkers.ts';

/** How it goes between two: drawn as a mark, and never by colour alone. */
export type EdgeMark = '+' | '~' | '!' | 'X';

/** Who talks to whom on one port, in a window. */
export interface MapEdge {
  key: string;
  id: number;
  pair: Pair;
  /** As `:8080`. */
  port: string;
  mark: EdgeMark;
  /** Events, or drops where nothing else is told, in the window. */
  events: number;
  opened: number;
  dropped: number;
  resets: number;
  /** What is wrong, in a few words; empty where nothing is. */
  trouble: string;
  /** What is wrong is usually harmless: no reason to look here first. */
  isHarmless: boolean;
  /** When that began; 0 = nothing is wrong, or nobody knows. */
  sinceMs: number;
}

/** Everybody around one party. */
export interface ServiceMap {
  focus: string;
  /** Troubled edges first, then the busiest. */
  callers: MapEdge[];
  callees: MapEdge[];
  /** Parties that were met in the window. */
  parties: number;
  seconds: number;
}

/** Namespaces that call namespaces. */
export interface NamespaceMatrix {
  /** The busiest first, as callers or called. */
  names: string[];
  /** Events and drops in the window by `caller callee`. */
  cells: ReadonlyMap<string, { events: number; dropped: number }>;
}

interface Cache {
  now: Figures;
  edges: MapEdge[];
  usual: string;
}

const caches = new WeakMap<State['mapTrail'], Cache>();

/** Names the reader has made the focus, the last one now; bounded. */
export const MAX_MAP_TRAIL = 32;

/** What is around the focus at the state's moment. */
export function serviceMap(state: State): ServiceMap {
  const { edges, usual, now } = known(state);
  const focus = state.mapTrail.at(-1) ?? usual;
  const parties = new Set(edges.flatMap(({ pair }) => [pair.source.name, pair.destination.name]));
  return {
    focus, parties: parties.size, seconds: now.seconds,
    callers: edges.filter(({ pair }) => pair.destination.name === focus && pair.source.name !== focus),
    callees: edges.filter(({ pair }) => pair.source.name === focus),
  };
}

/** Who calls whom by namespaces; who is in none stands for himself. */
export function namespaceMatrix(state: State): NamespaceMatrix {
  const cells = new Map<string, { events: number; dropped: number }>();
  const busy = new Map<string, number>();
  for (const { pair, events, dropped } of known(state).edges) {
    const [caller, callee] = [pair.source.namespace || pair.source.name, pair.destination.namespace || pair.destination.name];
    const cell = cells.get(`${caller} ${callee}`) ?? { events: 0, dropped: 0 };
    cells.set(`${caller} ${callee}`, { events: cell.events + events, dropped: cell.dropped + dropped });
    for (const name of [caller, callee]) busy.set(name, (busy.get(name) ?? 0) + events);
  }
  return { names: [...busy].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1)).map(([name]) => name), cells };
}

function known(state: State): Cache {
  const now = figures(state);
  const cache = caches.get(state.mapTrail);
  if (cache?.now === now) return cache;
  const edges = edgesOf(state, now);
  const made = { now, edges, usual: usualFocus(edges, cache?.usual) };
  caches.set(state.mapTrail, made);
  return made;
}

function edgesOf(state: State, now: Figures): MapEdge[] {
  const errors = errorsBetween(state, now.pairs);
  const worst = new Map<number, DropFigure>();
  for (const drop of now.drops) if ((worst.get(drop.pairId)?.count ?? 0) < drop.count) worst.set(drop.pairId, drop);
  const isHeard = hearsAnswers(now.pairs);
  return now.pairs.map((figure) => edgeOf(state, figure, { isHeard, drop: worst.get(figure.id), errors: errors.get(figure.id) ?? 0 })).sort(byTrouble);
}

/** Share of answers from which errors of a server are trouble. */
const ERRORS_MATTER = 0.05;

function edgeOf(state: State, figure: PairFigure, told: { isHeard: boolean; drop: DropFigure | undefined; errors: number }): MapEdge {
  const { id, pair, flows, connections, dropped, resets } = figure;
  const edge: MapEdge = { key: String(id), id, pair, port: portText(pair).replace(/\/.*$/, ''), mark: '+', events: Math.max(flows, dropped), opened: connections, dropped, resets, trouble: '', isHarmless: false, sinceMs: 0 };
  const since = (key: string): number => state.firstSeenMs.get(key) ?? 0;
  const answering = told.isHeard ? answeringOf(figure, pair.protocol) : 'unknown';
  if (dropped > 0.5) {
    const words = told.drop === undefined ? '' : dropWords(told.drop.reason, told.drop.class).long || told.drop.reason;
    return { ...edge, mark: told.drop?.class === 'ok' ? '~' : 'X', isHarmless: told.drop?.class === 'ok', trouble: words, sinceMs: told.drop === undefined ? 0 : since(`drop ${told.drop.key}`) };
  }
  if (answering === 'silent') return { ...edge, mark: '!', trouble: 'nobody answers' };
  if (told.errors >= ERRORS_MATTER) return { ...edge, mark: '!', trouble: `${Math.round(told.errors * 100)}% errors` };
  if (resets > 0.5) return { ...edge, mark: '~', trouble: answering === 'resets' ? 'answered by RST only' : 'resets', sinceMs: since(`resets ${id}`) };
  return edge;
}

const RANK: Readonly<Record<EdgeMark, number>> = { X: 0, '!': 1, '~': 2, '+': 3 };

function byTrouble(one: MapEdge, other: MapEdge): number {
  return RANK[one.mark] - RANK[other.mark] || other.dropped - one.dropped || other.events - one.events || one.id - other.id;
}

/** Another one must be in this many times the trouble before the map turns to it by itself. */
const STAYS = 2;

// the busiest troubled workload, and where all is well the busiest; not the world, and not another one every second
function usualFocus(edges: readonly MapEdge[], before: string | undefined): string {
  const scores = new Map<string, number>();
  const add = (party: Pair['source'], score: number): void => { if (party.namespace !== '') scores.set(party.name, (scores.get(party.name) ?? 0) + score); };
  for (const { pair, mark, dropped, events, resets, isHarmless } of edges) {
    const trouble = mark === '+' || isHarmless ? 0 : 1e6 * Math.max(1, mark === 'X' ? dropped : resets);
    // of two in the same trouble the busier one shows more
    add(pair.source, trouble + events);
    add(pair.destination, trouble + events);
  }
  const [best] = [...scores].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
  const kept = before === undefined ? undefined : scores.get(before);
  if (before !== undefined && kept !== undefined && best !== undefined && best[1] < kept * STAYS) return before;
  return best?.[0] ?? edges[0]?.pair.source.name ?? '';
}

/** The graph around the focus as mermaid, for a ticket or a page of documentation. */
export function mermaidOf({ focus, callers, callees, seconds }: ServiceMap): string {
  const ids = new Map<string, string>();
  const node = (name: string): string => {
    const made = ids.get(name) ?? `n${ids.size}`;
    const isNew = !ids.has(name);
    ids.set(name, made);
    return isNew ? `${made}["${quoted(name)}"]` : made;
  };
  const lines = [...callers, ...callees].map((edge) => {
    const rate = (edge.events / Math.max(1, seconds)).toFixed(1);
    const words = [`${edge.port.slice(1)} ${rate}/s`.trim(), edge.dropped > 0.5 ? `dropped ${(edge.dropped / Math.max(1, seconds)).toFixed(1)}/s` : '', edge.trouble].filter((word) => word !== '').join(', ');
    return `  ${node(edge.pair.source.name)} ${edge.mark === 'X' ? '-.->' : '-->'}|"${quoted(words)}"| ${node(edge.pair.destination.name)}`;
  });
  const focused = ids.get(focus);
  return ['flowchart LR', ...lines, ...(focused === undefined ? [] : [`  style ${focused} stroke-width:3px`]), ''].join('\n');
}

// mermaid has no backslash in its strings: entities stand for what would end them
function quoted(text: string): string {
  return text.replaceAll(/["#<>&]/g, (character) => `#${character.charCodeAt(0)};`);
}
