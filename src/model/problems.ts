import type { Chip } from './chips.ts';
import { dropKey, type Pair } from './directory.ts';
import { dropWords } from './drop-words.ts';
import { figures, type DropFigure, type Figures } from './figures.ts';
import { canFill, share, troubleWord, type Gauge, type NodeState } from './node-state.ts';
import { countsFlows, figuresOf, type State } from './state.ts';

/** One thing that is wrong, as a reader is told it. Texts are scrubbed. */
export interface Problem {
  /** Identity of the problem: stays while its numbers change. */
  key: string;
  severity: 'crit' | 'warn' | 'note';
  /** One word: DROPS, REFUSED, RESETS, LOST, NODE, CT, MAP. */
  word: string;
  /** On what: a pair, a node. */
  subject: string;
  /** How much, with its unit, such as `412/s`. */
  amount: { value: number; unit: '/s' | '%' | ''; text?: string };
  /** Against before: how many times as much; undefined = cannot tell or not more. */
  timesMore: number | undefined;
  /** Why, in words. */
  why: string;
  /** The same in at most BRIEF_LENGTH characters, so that a narrow screen need not cut a sentence. */
  brief: string;
  sinceMs: number;
  /** When it was seen last, once it has been quiet for a while. */
  lastMs?: number;
  /** Comes like a clock: the strongest hint there is. */
  isRegular?: boolean;
  /** Filter that shows the flows of it. */
  chips: Chip[];
}

/** Longest `brief`. */
export const BRIEF_LENGTH = 15;
/** Problems shown and kept at most. */
const MAX_PROBLEMS = 50;
/** How much more than before is news. */
const NEWS_TIMES = 3;
/** Drops a second from which they are critical. */
const CRITICAL_PER_SECOND = 20;
const PRESSURE_WARN = 0.8;
const PRESSURE_CRITICAL = 0.95;
/** How long a drop must have been away to be told as over. */
const QUIET_MS = 15_000;
/** How long a reset or a node's trouble stays on the list after its last sign. */
const RESET_MEMORY_MS = 60_000;
/** Resets arrive as flows at once, refusals as counts of up to two seconds later. */
const REFUSAL_LAG_MS = 3_000;
const RANK = { crit: 0, warn: 1, note: 2 } as const;
/** Not seeing comes before what is seen. */
const BLIND: readonly string[] = ['NODE', 'LOST'];

/** Everything that is wrong now, worst first: severity, then the worst of each kind, then how new, then how much. */
export function problems(state: State): Problem[] {
  const now = figures(state);
  const all = [
    ...nodeProblems(state),
    ...lossProblems(state, now),
    ...dropProblems(state, now),
    ...resetProblems(state, now),
    ...pressureProblems(state),
  ];
  return worstOfEachKindFirst(all.sort(byRank)).slice(0, MAX_PROBLEMS);
}

// ten denied pairs must not push the one reset series off the screen: within a severity the kinds take turns
function worstOfEachKindFirst(sorted: readonly Problem[]): Problem[] {
  const seen = new Map<string, number>();
  const turns = sorted.map((problem) => {
    const kind = `${problem.severity} ${problem.word}`;
    const turn = seen.get(kind) ?? 0;
    seen.set(kind, turn + 1);
    return { problem, turn };
  });
  return turns.sort((one, other) => RANK[one.problem.severity] - RANK[other.problem.severity] || one.turn - other.turn).map(({ problem }) => problem);
}

function byRank(one: Problem, other: Problem): number {
  return RANK[one.severity] - RANK[other.severity]
    || Number(other.isRegular === true) - Number(one.isRegular === true)
    || Number(BLIND.includes(other.word)) - Number(BLIND.includes(one.word))
    || (other.timesMore ?? 0) - (one.timesMore ?? 0)
    || other.amount.value - one.amount.value
    || (one.key < other.key ? -1 : 1);
}

const TCP = 6;
const UDP = 17;
const SCTP = 132;

/** The port behind a pair's destination, such as `:8080` or `:53/UDP`; nothing for protocols without ports. */
export function portText(pair: Pair): string {
  if (!hasPort(pair)) return '';
  return `:${pair.port}${pair.protocol === UDP ? '/UDP' : pair.protocol === SCTP ? '/SCTP' : ''}`;
}

// the port of an ICMP pair is its type
function hasPort(pair: Pair): boolean {
  return pair.port > 0 && (pair.protocol === TCP || pair.protocol === UDP || pair.protocol === SCTP || pair.protocol === 0);
}

/** The name of a pair as text: `shop/a → shop/b:8080/TCP`. */
export function pairText(pair: Pair, arrow = '→'): string {
  return `${pair.source.name} ${arrow} ${pair.destination.name}${portText(pair)}`;
}

function dropProblems(state: State, now: Figures): Problem[] {
  return now.drops.filter((drop) => drop.count >= 0.5).map((drop, i) => {
    const isRefused = drop.reason === 'NO_SOCKET' || drop.reason.startsWith('NO_SOCKET');
    const times = drop.baselinePerSecond > 0 ? drop.nowPerSecond / drop.baselinePerSecond : undefined;
    const lastMs = i < MAX_PROBLEMS && drop.nowPerSecond === 0 ? lastDropMs(state, now, drop.key) : undefined;
    const isQuiet = lastMs !== undefined && now.toSecond * 1000 - lastMs > QUIET_MS;
    return {
      key: `drop ${drop.key}`,
      severity: isQuiet ? 'note' : dropSeverity(drop, times),
      ...(isQuiet ? { lastMs } : {}),
      word: isRefused ? 'REFUSED' : 'DROPS',
      subject: pairText(drop.pair),
      amount: { value: drop.perSecond, unit: '/s' },
      timesMore: times !== undefined && times >= NEWS_TIMES ? times : undefined,
      ...dropWhy(drop),
      sinceMs: state.firstSeenMs.get(`drop ${drop.key}`) ?? 0,
      chips: [...pairChips(drop.pair), chip('verdict', 'DROPPED')],
    };
  });
}

// the second of the window in which it was seen last
function lastDropMs(state: State, now: Pick<Figures, 'fromSecond' | 'toSecond'>, key: number): number | undefined {
  const ring = figuresOf(state);
  for (let second = now.toSecond - 1; second >= now.fromSecond; second--) if ((ring.peek(second)?.drops.get(key) ?? 0) > 0) return second * 1000;
  return undefined;
}

function dropSeverity(drop: DropFigure, times: number | undefined): Problem['severity'] {
  if (drop.class === 'ok') return 'note';
  return drop.perSecond >= CRITICAL_PER_SECOND || (times !== undefined && times >= 10 && drop.nowPerSecond >= 5) ? 'crit' : 'warn';
}

function dropWhy(drop: DropFigure): { why: string; brief: string } {
  const words = dropWords(drop.reason, drop.class);
  if (drop.reason.startsWith('NO_SOCKET')) return { why: words.long, brief: words.brief };
  return { why: words.long === '' ? drop.reason : `${drop.reason}: ${words.long}`, brief: words.brief === '' ? middleOf(drop.reason) : words.brief };
}

// a kernel's own names can be long, and their ends tell them apart
function middleOf(reason: string): string {
  return reason.length <= BRIEF_LENGTH ? reason : `${reason.slice(0, BRIEF_LENGTH - 7)}…${reason.slice(-6)}`;
}

function resetProblems(state: State, now: Figures): Problem[] {
  const nowMs = now.toSecond * 1000;
  // under a filter only what passes it counts, and of a time nobody observed nothing is told; the tracker has seen more
  const tracked = state.chips.length > 0 || now.seconds === 0 ? [] : state.resets.between(nowMs - RESET_MEMORY_MS, state.pausedAtMs > 0 ? nowMs : Infinity);
  const fromTracker = new Map(tracked.map((found) => [found.pair, found]));
  const ids = new Set([...fromTracker.keys(), ...now.pairs.filter((pair) => pair.resets >= 0.5).map((pair) => pair.id)]);
  const list: Problem[] = [];
  for (const id of ids) {
    const found = fromTracker.get(id);
    if (isRefusal(state, now, { pairId: id, lastResetMs: found?.lastMs })) continue;
    const pair = state.directory.pairAt(id);
    const counted = now.pairs.find((candidate) => candidate.id === id)?.resets ?? found?.count ?? 0;
    const perSecond = now.seconds > 0 ? counted / now.seconds : 0;
    const periodMs = found?.periodMs;
    const n = `n=${Math.round(Math.max(found?.count ?? 0, counted))}`;
    list.push({
      key: `resets ${id}`, severity: 'warn', word: 'RESETS', subject: pairText(pair),
      amount: { value: perSecond, unit: '/s', ...(periodMs !== undefined ? { text: `every ${stepText(periodMs)}` } : perSecond === 0 ? { text: `${counted}×` } : {}) },
      timesMore: undefined,
      ...(periodMs === undefined ? { why: `${n}, connections end with RST`, brief: `${n}, by RST` } : { why: `${n}, like a timer or timeout`, brief: `${n}, a timer?`, isRegular: true }),
      sinceMs: Math.min(found?.firstMs ?? Infinity, state.firstSeenMs.get(`resets ${id}`) ?? Infinity, nowMs),
      chips: [...pairChips(pair), chip('tcp-flags', 'RST')],
    });
  }
  return list;
}

/**
 * A closed port answers every SYN with RST: its resets come with refusals, told as REFUSED. Resets that go on after the
 * last refusal are of another kind, such as those of a server that opened its port late.
 */
function isRefusal(state: State, now: Figures, { pairId, lastResetMs }: { pairId: number; lastResetMs: number | undefined }): boolean {
  const reason = state.directory.knownReason('NO_SOCKET');
  if (reason === undefined) return false;
  const fromSecond = now.toSecond - RESET_MEMORY_MS / 1000;
  const lastRefusedMs = lastDropMs(state, { fromSecond, toSecond: now.toSecond }, dropKey(reason, pairId));
  return lastRefusedMs !== undefined && (lastResetMs === undefined || lastResetMs <= lastRefusedMs + REFUSAL_LAG_MS);
}

function stepText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms / 1000)}s`;
}

function lossProblems(state: State, now: Figures): Problem[] {
  const list: Problem[] = [];
  for (const [key, count] of now.ledger.losses) {
    const [node = '', ...rest] = key.split(' ');
    const stage = rest.join(' ');
    if (stage.startsWith('suppressed') || count < 0.5) continue;
    list.push({
      key: `lost ${key}`, severity: (now.seen ?? 1) < 0.9 ? 'crit' : 'warn', word: 'LOST', subject: stage === '' ? node : `${node} ${stage}`,
      amount: { value: now.seconds > 0 ? count / now.seconds : 0, unit: '/s' }, timesMore: undefined,
      why: `${shortCount(count)} events unseen, counts are ≥`, brief: `${shortCount(count)} unseen`, sinceMs: state.firstSeenMs.get(`lost ${key}`) ?? 0, chips: countsFlows(state) ? [] : [chip('node', node)],
    });
  }
  return list;
}

function nodeProblems(state: State): Problem[] {
  return [...state.nodes.values()].filter((node) => node.trouble !== '').map((node) => ({
    key: `node ${node.name}`, severity: 'crit' as const, word: 'NODE', subject: node.name,
    amount: { value: 0, unit: '' as const, text: troubleWord(node) }, timesMore: undefined,
    why: node.message === '' ? 'its traffic is in no figure' : node.message, brief: 'not in figures', sinceMs: node.troubleSinceMs, chips: [],
  }));
}

interface GaugeWords {
  word: string;
  /** What happens when it is full, long and short. */
  why: string;
  brief: string;
  /** What the entries are called that found no place or lost theirs. */
  gone: string;
}

const OWN_CONNTRACK: GaugeWords = { word: 'CT', why: 'forgets the oldest when full', brief: 'evicts the old', gone: 'evicted' };
const KERNEL_CONNTRACK: GaugeWords = { word: 'CT', why: 'drops new connections when full', brief: 'drops when full', gone: 'refused' };
const MAP: GaugeWords = { word: 'MAP', why: 'refuses new entries when full', brief: 'refuses if full', gone: 'evicted' };

function pressureProblems(state: State): Problem[] {
  return [...state.nodes.values()].flatMap((node) => [
    ...gaugeProblem(node, node.conntrack, OWN_CONNTRACK),
    ...gaugeProblem(node, node.kernelConntrack, KERNEL_CONNTRACK),
    ...node.maps.filter((map) => map !== node.conntrack && canFill(map)).flatMap((map) => gaugeProblem(node, map, MAP)),
  ]);
}

function gaugeProblem(node: NodeState, gauge: Gauge | undefined, words: GaugeWords): Problem[] {
  if (gauge === undefined) return [];
  const fill = share(gauge.entries, gauge.maxEntries);
  if (fill < PRESSURE_WARN && gauge.lostPerSecond < 1) return [];
  const isLosing = gauge.lostPerSecond >= 1;
  const gone = `${shortCount(gauge.lostPerSecond)}/s ${words.gone}`;
  return [{
    key: `gauge ${node.name} ${gauge.name}`, severity: fill >= PRESSURE_CRITICAL ? 'crit' : 'warn', word: words.word, subject: `${node.name} ${gauge.name}`,
    amount: { value: fill * 100, unit: '%' }, timesMore: undefined,
    why: isLosing ? `${gone}, ${shortCount(gauge.entries)} of ${shortCount(gauge.maxEntries)}` : words.why, brief: isLosing ? gone : words.brief, sinceMs: 0, chips: [],
  }];
}

function shortCount(value: number): string {
  return value < 9_999.5 ? String(Math.round(value)) : value < 999_500 ? `${Math.round(value / 1000)}k` : `${Math.round(value / 1e6)}M`;
}

function chip(field: Chip['field'], value: string): Chip {
  return { field, value, isNegated: false };
}

/** Filter for the flows of a pair, from its client to its server. */
export function pairChips(pair: Pair): Chip[] {
  const chips: Chip[] = [chip('from-workload', pair.source.name), chip('to-workload', pair.destination.name)];
  if (hasPort(pair)) chips.push(chip('port', String(pair.port)));
  return chips;
}
