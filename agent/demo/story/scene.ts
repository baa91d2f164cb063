import type { Random } from '../../sim/random.ts';
import type { Change, PolicyFact } from '../../../src/wire/gen/hubtop.ts';
import type { NodeGauges } from './node-gauges.ts';
import type { StoryCluster } from './story-cluster.ts';
import type { StoryFlow, StoryKind, StoryVolume } from './story-flow.ts';

/** Events of one second that no flow of the story shows: in the ledger and the verdicts all the same. */
export interface UnseenEvents {
  kind: StoryKind;
  verdict: number;
  reported: number;
  folded: number;
  /** Found no room in the kernel's ring. */
  lost: number;
}

/** A change, told by one node. */
export interface StoryChange extends Omit<Change, 'time' | 'node' | '$unknown'> {
  node: string;
  atMs: number;
}

/** One second of a story while it is made: whoever acts in it tells what happens. */
export interface Scene {
  /** Since the story's start. */
  readonly second: number;
  /** The same in milliseconds. */
  readonly atMs: number;
  /** Seconds since the incident began; negative before. */
  readonly age: number;
  /** Numbers of this second; the same in every telling. */
  readonly random: Random;
  readonly cluster: StoryCluster;
  /** A flow of this second or a later one. */
  tell(flow: StoryFlow): void;
  /** Traffic of this second. */
  count(volume: StoryVolume): void;
  change(change: StoryChange): void;
  /** A policy as it is from now on. */
  setPolicy(fact: PolicyFact, changedMs: number): void;
  /** What the node's tables show at the end of this second; may be changed. */
  gauges(node: string): NodeGauges;
  unseen(node: string, events: UnseenEvents): void;
  /** A loss that the flow stream tells of. */
  tellLoss(node: string, loss: { atMs: number; cpu: number; count: number; firstMs: number }): void;
}
