import type { Chip } from './chips.ts';
import type { Pair } from './directory.ts';
import { figures, type DropFigure, type Figures } from './figures.ts';
import { share, troubleWord, type Gauge, type NodeState } from './node-state.ts';
import { countsFlows, type State } from './state.ts';

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
  sinceMs: number;
  /** Filter that shows the flows of it. */
  chips: Chip[];
}

/** Problems shown and kept at most. */
const MAX_PROBLEMS = 50;
/** How much more than before is news. */
const NEWS_TIMES = 3;
/** Drops a second from which they are critical. */
const CRITICAL_PER_SECOND = 20;
const PRESSURE_WARN = 0.8;
const PRESSURE_CRITICAL = 0.95;
/** How long a reset or a node's trouble stays on the list after its last sign. */
const RESET_MEMORY_MS = 60_000;
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
  return now.drops.filter((drop) => drop.count >= 0.5).map((drop) => {
    const isRefused = drop.reason === 'NO_SOCKET' || drop.reason.startsWith('NO_SOCKET');
    const times = drop.baselinePerSecond > 0 ? drop.nowPerSecond / drop.baselinePerSecond : undefined;
    return {
      key: `drop ${drop.key}`,
      severity: dropSeverity(drop, times),
      word: isRefused ? 'REFUSED' : 'DROPS',
      subject: pairText(drop.pair),
      amount: { value: drop.perSecond, unit: '/s' },
      timesMore: times !== undefined && times >= NEWS_TIMES ? times : undefined,
      why: dropWhy(drop),
      sinceMs: state.firstSeenMs.get(`drop ${drop.key}`) ?? 0,
      chips: [...pairChips(drop.pair), chip('verdict', 'DROPPED')],
    };
  });
}

function dropSeverity(drop: DropFigure, times: number | undefined): Problem['severity'] {
  if (drop.class === 'ok') return 'note';
  return drop.perSecond >= CRITICAL_PER_SECOND || (times !== undefined && times >= 10 && drop.nowPerSecond >= 5) ? 'crit' : 'warn';
}

const WHY: Readonly<Record<DropFigure['class'], string>> = {
  pol: 'policy', cap: 'a table or queue is full', rtg: 'routing', svc: 'service has no backend',
  app: 'the receiver gave it up', pkt: 'packet', ok: 'usually harmless', oth: '',
};

function dropWhy(drop: DropFigure): string {
  if (drop.reason.startsWith('NO_SOCKET')) return 'nothing listens there';
  return [drop.reason, WHY[drop.class]].filter((words) => words !== '').join(': ');
}

function resetProblems(state: State, now: Figures): Problem[] {
  const nowMs = now.toSecond * 1000;
  // under a filter only what passes it counts; the tracker has seen more
  const tracked = state.chips.length > 0 ? [] : state.resets.since(nowMs - RESET_MEMORY_MS);
  const fromTracker = new Map(tracked.map((found) => [found.pair, found]));
  const ids = new Set([...fromTracker.keys(), ...now.pairs.filter((pair) => pair.resets >= 0.5).map((pair) => pair.id)]);
  const refused = new Set(now.drops.filter((drop) => drop.reason.startsWith('NO_SOCKET')).map((drop) => drop.pairId));
  const list: Problem[] = [];
  for (const id of ids) {
    // a closed port answers every SYN with RST: that is told as REFUSED already
    if (refused.has(id)) continue;
    const pair = state.directory.pairAt(id);
    const found = fromTracker.get(id);
    const counted = now.pairs.find((candidate) => candidate.id === id)?.resets ?? found?.count ?? 0;
    const periodMs = state.resets.periodMs(id);
    const perSecond = now.seconds > 0 ? counted / now.seconds : 0;
    list.push({
      key: `resets ${id}`, severity: 'warn', word: 'RESETS', subject: pairText(pair),
      amount: periodMs === undefined ? { value: perSecond, unit: '/s', ...(perSecond === 0 ? { text: `${counted}×` } : {}) } : { value: perSecond, unit: '/s', text: `every ${(periodMs / 1000).toFixed(1).replace(/\.0$/, '')}s` },
      timesMore: undefined,
      why: periodMs === undefined ? 'connections end with RST' : 'regular: timer or timeout',
      sinceMs: Math.min(found?.firstMs ?? Infinity, state.firstSeenMs.get(`resets ${id}`) ?? Infinity, nowMs),
      chips: [...pairChips(pair), chip('tcp-flags', 'RST')],
    });
  }
  return list;
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
      why: `${Math.round(count)} events nobody saw, counts are lower bounds`, sinceMs: 0, chips: countsFlows(state) ? [] : [chip('node', node)],
    });
  }
  return list;
}

function nodeProblems(state: State): Problem[] {
  return [...state.nodes.values()].filter((node) => node.trouble !== '').map((node) => ({
    key: `node ${node.name}`, severity: 'crit' as const, word: 'NODE', subject: node.name,
    amount: { value: 0, unit: '' as const, text: troubleWord(node) }, timesMore: undefined,
    why: node.message === '' ? 'its traffic is in no figure' : node.message, sinceMs: node.troubleSinceMs, chips: [],
  }));
}

function pressureProblems(state: State): Problem[] {
  return [...state.nodes.values()].flatMap((node) => [
    ...gaugeProblem(node, node.conntrack, 'CT', 'evicts old when full'),
    ...gaugeProblem(node, node.kernelConntrack, 'CT', 'drops new when full'),
    ...node.maps.filter((map) => map !== node.conntrack).flatMap((map) => gaugeProblem(node, map, 'MAP', 'refuses new when full')),
  ]);
}

function gaugeProblem(node: NodeState, gauge: Gauge | undefined, word: string, why: string): Problem[] {
  if (gauge === undefined) return [];
  const fill = share(gauge.entries, gauge.maxEntries);
  if (fill < PRESSURE_WARN && gauge.lostPerSecond < 1) return [];
  return [{
    key: `gauge ${node.name} ${gauge.name}`, severity: fill >= PRESSURE_CRITICAL ? 'crit' : 'warn', word, subject: `${node.name} ${gauge.name}`,
    amount: { value: fill * 100, unit: '%' }, timesMore: undefined,
    why: gauge.lostPerSecond >= 1 ? `${Math.round(gauge.lostPerSecond)}/s evicted or refused` : why, sinceMs: 0, chips: [],
  }];
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
