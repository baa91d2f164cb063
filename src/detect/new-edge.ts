import { clockText, spanWords } from '../model/clock-text.ts';
import type { Finding } from '../model/finding.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { pairChips, pairText } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import type { Detector } from './detector.ts';
import { lateEdges, type LateEdge } from './late-edges.ts';

/** A new edge is told for this long. */
const TOLD_SECONDS = 300;
/** Edges that begin this soon after each other are one beginning: a rollout of twenty is one finding. */
const TOGETHER_SECONDS = 30;
const MAX_LISTED = 8;
/** How long before a beginning a change may have brought it about. */
const CAUSE_MS = 90_000;

/** Who talks to whom that never did: no trouble, but the answer to "what is different". */
export const newEdge: Detector = {
  id: 'new-edge',
  title: 'pairs that never talked before',
  find: (state, now) => groupsOf(lateEdges(state, now, TOLD_SECONDS).filter(({ isFirstToWorld }) => !isFirstToWorld)).map((group) => findingOf(state, group)),
};

function groupsOf(edges: readonly LateEdge[]): LateEdge[][] {
  const groups: LateEdge[][] = [];
  for (const edge of edges) {
    const last = groups.at(-1);
    if (last !== undefined && edge.edge.firstSecond - (last.at(-1)?.edge.firstSecond ?? 0) <= TOGETHER_SECONDS) last.push(edge);
    else groups.push([edge]);
  }
  return groups;
}

function findingOf(state: State, group: readonly LateEdge[]): Finding {
  const [first] = group;
  const watchedSeconds = first?.watchedSeconds ?? 0;
  const sinceMs = (first?.edge.firstSecond ?? 0) * 1000;
  const isQuiet = group.every((edge) => edge.isQuiet);
  const lastMs = Math.max(...group.map(({ edge }) => edge.lastSecond)) * 1000;
  const cause = causeOf(state, group, sinceMs);
  const isOne = group.length === 1 && first !== undefined;
  return {
    key: `new-edge ${sinceMs}`, severity: 'note', ...(isQuiet ? { lastMs } : {}), word: 'NEW', subject: subjectOf(group),
    amount: { value: group.length, unit: '', text: isOne ? 'new pair' : `${group.length} pairs` }, timesMore: undefined,
    why: `never seen in the ${spanWords(watchedSeconds * 1000)} watched before`, brief: 'never before', sinceMs,
    chips: isOne ? pairChips(first.pair) : [], ...(isOne ? { pair: first.pair } : {}),
    ...(first === undefined ? {} : { target: { view: 'talkers', select: { panel: 0, key: String(first.id) } } }),
    evidence: [
      ...group.slice(0, MAX_LISTED).map(({ pair, edge }) => `${pairText(pair)} first seen ${clockText(edge.firstSecond * 1000)}`),
      ...(group.length > MAX_LISTED ? [`and ${group.length - MAX_LISTED} more`] : []),
    ],
    ...(cause === undefined ? {} : { cause: { text: cause, isCertain: false } }),
    ...(isOne ? { next: [hubbleCommand(pairChips(first.pair), { isOneWay: true }).line] } : {}),
  };
}

// what all of them share says more than the first of them
function subjectOf(group: readonly LateEdge[]): string {
  const [first] = group;
  if (first === undefined) return '';
  if (group.length === 1) return pairText(first.pair);
  if (group.every(({ pair }) => pair.source.name === first.pair.source.name)) return `${first.pair.source.name} → ${group.length} others`;
  if (group.every(({ pair }) => pair.destination.name === first.pair.destination.name)) return `${group.length} others → ${first.pair.destination.name}`;
  return `${pairText(first.pair)} and ${group.length - 1} more`;
}

/** New pods of one of the parties, shortly before. */
function causeOf(state: State, group: readonly LateEdge[], sinceMs: number): string | undefined {
  const names = new Set(group.flatMap(({ pair }) => [pair.source.name, pair.destination.name]));
  const change = state.changes.between(sinceMs - CAUSE_MS, sinceMs + 5_000).findLast(({ kind, subject }) => kind === 'endpoint-added' && [...names].some((name) => name !== '' && subject.startsWith(`${name}-`)));
  return change === undefined ? undefined : `pod ${change.subject} was new at ${clockText(change.timeMs)} (time fits)`;
}
