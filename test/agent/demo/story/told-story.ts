import { StoryPlayer, type PlayedNode } from '../../../../agent/demo/story/story-player.ts';
import type { Story } from '../../../../agent/demo/story/story.ts';
import type { Flow } from '../../../../src/wire/gen/flow.ts';
import { timestampNs } from '../../../../src/wire/timestamp.ts';

export const startNs = BigInt(Date.UTC(2026, 2, 1, 21, 26)) * 1_000_000n;

/** Tells so many seconds of a story. */
export function tell(story: Story, seconds = story.seconds, seed = 1): PlayedNode[][] {
  const player = new StoryPlayer(story, { seed, startNs, bootId: 'test', version: '0' });
  return Array.from({ length: seconds }, () => player.next());
}

/** All flows of a second, of all nodes. */
export function flowsOf(second: readonly PlayedNode[]): Flow[] {
  return second.flatMap((node) => node.flows.flatMap(({ response }) => response.flow ?? []));
}

/** Milliseconds since the story's start. */
export function atMs(flow: Flow): number {
  return Number(timestampNs(flow.time) - startNs) / 1e6;
}

/** Events a flow stands for. */
export function weightOf({ aggregate }: Flow): number {
  const { ingress_flow_count: ingress = 0, egress_flow_count: egress = 0 } = aggregate ?? {};
  return Math.max(1, ingress + egress);
}
