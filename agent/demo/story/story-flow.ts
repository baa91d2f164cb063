import type { Flow } from '../../../src/wire/gen/flow.ts';
import type { FlowExtension, Volume } from '../../../src/wire/gen/hubtop.ts';
import type { StoryEnd } from './story-cluster.ts';

/** Words of the ledger that stories have events of. */
export type StoryKind = 'trace' | 'drop' | 'policy-verdict' | 'l7';

/** What names a row of the pair counters. */
export interface StoryPair {
  client: StoryEnd;
  server: StoryEnd;
  port: number;
  protocol: number;
  verdict: number;
}

/** Where a volume was seen: at the client's device or at the server's. */
export type VolumeSide = 'egress' | 'ingress';

/** A flow before its node has numbered it. */
export interface StoryFlow {
  node: string;
  /** Milliseconds since the story's start. */
  atMs: number;
  kind: StoryKind;
  /** Events it stands for; one of more than 1 is folded. */
  weight: number;
  flow: Flow;
  /** What an agent of ours tells those who ask. */
  extension?: FlowExtension;
  /** The pair whose counters it moves. Records of applications move none. */
  counted?: { pair: StoryPair; side: VolumeSide };
}

/** Traffic of a pair at one device in one second. Flows that are told count themselves; `flows` are those that are not. */
export interface StoryVolume {
  node: string;
  pair: StoryPair;
  side: VolumeSide;
  volume: Partial<Record<Exclude<keyof Volume, '$unknown'>, number>>;
}
