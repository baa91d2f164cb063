/** Where an event was lost, why, and what helps. */
export interface LossWords {
  /** Between whom and whom, in a word or two. */
  where: string;
  /** Why such events are lost, a sentence's end. */
  why: string;
  /** What to do about it. */
  cure: string;
}

// hubtop's own stages, then Hubble's three sources
const WORDS: readonly [RegExp, LossWords][] = [
  [/^kernel-ring/, { where: 'kernel → agent', why: 'the ring was full: events came faster than the agent drains', cure: 'a burst passes; if it lasts, look at the cpu limits of the agent pod' }],
  [/^agent/, { where: 'agent', why: 'the agent could not read or place them', cure: 'compare the versions of agent and programs, look at the agent log' }],
  [/^history/, { where: 'agent → client', why: 'overwritten before a slow client read them', cure: 'that client asks for more than its line carries: narrow its filter' }],
  [/^relay/, { where: 'relay', why: 'its buffer was full: a client takes too slowly', cure: 'narrow the filter, or give the relay more room' }],
  [/^peer/, { where: 'agent → relay', why: 'the node was disconnected', cure: 'look at the network between relay and node, and at the agent pod' }],
  [/^client/, { where: 'here', why: 'hubtop itself skipped them', cure: 'narrow the filter' }],
  [/^perf-ring/, { where: 'kernel → agent', why: 'the Cilium agent was starved of cpu', cure: 'look at the cpu limits of the cilium pod' }],
  [/^observer-queue/, { where: 'agent', why: "Hubble's queue was full", cure: 'raise hubble-event-queue-size' }],
  [/^hubble-ring/, { where: 'agent → client', why: 'the ring was overwritten before it was read', cure: 'raise hubble-event-buffer-capacity; it is not a matter of cpu' }],
];

const OTHER: LossWords = { where: 'somewhere', why: 'lost on the way', cure: 'look at the log of the agent' };

/** Words for a stage of loss, such as `kernel-ring ring full`. */
export function lossWords(stage: string): LossWords {
  return WORDS.find(([pattern]) => pattern.test(stage))?.[1] ?? OTHER;
}
