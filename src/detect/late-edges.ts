import type { Pair, Party } from '../model/directory.ts';
import type { Edge } from '../model/edge-book.ts';
import type { Figures } from '../model/figures.ts';
import type { State } from '../model/state.ts';

/** How likely it may be that an edge was there all the time and kept still before. It is looked at every second, so that chance has many tries. */
const CHANCE = 1e-6;
/** Least different seconds an edge must have been seen in. */
const LEAST_SECONDS = 3;
/** Clients take their ports from here on: two who talk on such a port may talk on another one each time. */
const FIRST_EPHEMERAL_PORT = 32_768;
/** An edge that was not seen for longer is over. */
const QUIET_SECONDS = 60;

/** An edge that was not there before. */
export interface LateEdge {
  id: number;
  pair: Pair;
  edge: Edge;
  /** Seconds that were watched before it, in which it was not seen. */
  watchedSeconds: number;
  /** It was not seen lately. */
  isQuiet: boolean;
  /** Its source never talked to the world before, on any port. */
  isFirstToWorld: boolean;
}

const WORLD = 'world';
const made = new WeakMap<Figures, LateEdge[]>();

/** Edges first seen within some seconds before the moment that are surely news, the oldest first; made once for each moment. */
export function lateEdges(state: State, now: Figures, lookBackSeconds: number): LateEdge[] {
  const known = made.get(now) ?? allLate(state, now);
  made.set(now, known);
  return known.filter(({ edge }) => edge.firstSecond >= now.toSecond - lookBackSeconds);
}

function allLate(state: State, now: Figures): LateEdge[] {
  const { edges, directory } = state;
  if (edges.late.length === 0) return [];
  const late = new Set(edges.late);
  const toWorld = talkToWorld(state, late);
  return edges.late.flatMap((id): LateEdge[] => {
    const edge = edges.edge(id);
    const pair = directory.pairAt(id);
    if (edge === undefined || id === 0 || edge.firstSecond >= now.toSecond || (pair.source.namespace === '' && pair.destination.namespace === '')) return [];
    if (pair.port >= FIRST_EPHEMERAL_PORT && talkedBefore(state, pair, edge.firstSecond)) return [];
    const watchedSeconds = edge.firstSecond - edges.beganSecond;
    if (!isNews(edge, watchedSeconds, now.toSecond) || mayHaveBeenHidden(state, now, id)) return [];
    const isToWorld = pair.destination.name === WORLD && pair.source.namespace !== '';
    return [{ id, pair, edge, watchedSeconds, isQuiet: now.toSecond - edge.lastSecond > QUIET_SECONDS, isFirstToWorld: isToWorld && !hasTalkedToWorld(toWorld, pair.source, edge.firstSecond) }];
  }).sort((one, other) => one.edge.firstSecond - other.edge.firstSecond || one.id - other.id);
}

/**
 * Whether an edge is no rare one that was quiet by chance: had it been active at an even pace, all its active seconds would lie
 * in the time since its first one with the chance (since / all)^seconds. The longer nothing was seen of it, the sooner it is news.
 */
function isNews(edge: Edge, watchedSeconds: number, toSecond: number): boolean {
  const since = Math.max(1, Math.min(edge.lastSecond + 1, toSecond) - edge.firstSecond);
  const active = Math.min(edge.activeSeconds, since);
  return active >= LEAST_SECONDS && active * Math.log(since / (since + watchedSeconds)) < Math.log(CHANCE);
}

// a report lists the heaviest pairs: what never moved more than those that were left out may have been among them
function mayHaveBeenHidden(state: State, now: Figures, id: number): boolean {
  if (state.edges.floorBytes < 1 || now.seconds === 0) return false;
  const bytes = now.pairs.find((pair) => pair.id === id)?.bytes ?? 0;
  return bytes / now.seconds < state.edges.floorBytes;
}

/** When each source was first seen to talk to the world, apart from late edges, and by them. */
interface WorldTalk {
  early: ReadonlySet<Party>;
  late: ReadonlyMap<Party, number>;
}

/** Ports that somebody begins to use within this time are one beginning. */
const SAME_START_SECONDS = 60;

function talkToWorld({ directory, edges }: State, late: ReadonlySet<number>): WorldTalk {
  const early = new Set<Party>();
  const firstLate = new Map<Party, number>();
  for (let id = 1; id < directory.pairCount; id++) {
    const first = edges.firstSecond(id);
    const { source, destination } = directory.pairAt(id);
    if (first === 0 || destination.name !== WORLD) continue;
    if (late.has(id)) firstLate.set(source, Math.min(first, firstLate.get(source) ?? Infinity));
    else early.add(source);
  }
  return { early, late: firstLate };
}

function hasTalkedToWorld(talk: WorldTalk, source: Party, firstSecond: number): boolean {
  return talk.early.has(source) || (talk.late.get(source) ?? Infinity) < firstSecond - SAME_START_SECONDS;
}

/** Whether the two ends of a pair were seen to talk on another port before. */
function talkedBefore({ directory, edges }: State, pair: Pair, firstSecond: number): boolean {
  for (let id = 1; id < directory.pairCount; id++) {
    const other = directory.pairAt(id);
    const first = edges.firstSecond(id);
    if (first !== 0 && first < firstSecond && other.source === pair.source && other.destination === pair.destination) return true;
  }
  return false;
}
