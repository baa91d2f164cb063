import type { PairCounts } from './pair-table.ts';

const TCP = 6;
/** Openings from which silence means something. */
const LEAST_OPENINGS = 3;
/** Part of the openings that drops explain: then the drop is the trouble, and told as one. */
const EXPLAINED = 0.5;

/** How the server side of somebody's connections behaves. */
export type Answering = 'answers' | 'resets' | 'silent' | 'dropped' | 'unknown';

/** Whether answers of servers are told of at all: where agents report one direction, silence means nothing. */
export function hearsAnswers(pairs: readonly (PairCounts & { pair: { protocol: number } })[]): boolean {
  return pairs.some((one) => one.pair.protocol === TCP && one.replies > one.resets);
}

/**
 * Whether connections are answered: by SYN-ACK or anything else from the server, by RST, by nobody, or are dropped on the way. Only
 * TCP tells, a datagram needs no answer. The counts must be of one pair, or of pairs that are alike,
 * and of a time in which answers are heard.
 */
export function answeringOf(counts: PairCounts, protocol: number): Answering {
  const { connections, syns, synAcks, replies, resets, dropped } = counts;
  const openings = Math.max(connections, syns);
  if (protocol !== TCP || openings < LEAST_OPENINGS) return 'unknown';
  if (synAcks > 0 || replies > resets) return 'answers';
  if (resets > 0 || replies > 0) return 'resets';
  return dropped >= openings * EXPLAINED ? 'dropped' : 'silent';
}
