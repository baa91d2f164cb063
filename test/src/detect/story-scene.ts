import { StoryPlayer, type PlayedNode } from '../../../agent/demo/story/story-player.ts';
import { incidents } from '../../../agent/demo/story/story-list.ts';
import { update } from '../../../src/control/update.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { ReportMerge } from '../../../src/relay/merge/report-merge.ts';
import { FlowExtensionCodec } from '../../../src/wire/gen/hubtop.ts';
import { timestampNs } from '../../../src/wire/timestamp.ts';
import { framed, joined } from '../app/fake-cluster.ts';

/** 2026-03-01 21:26:00 UTC; incidents begin four minutes later. */
export const STORY_START_MS = Date.UTC(2026, 2, 1, 21, 26);

/** How a story reaches the dashboard. */
export interface Watching {
  /** Last second of the story that is watched, and the first. */
  seconds: number;
  from?: number;
  /** A relay of ours tells telemetry and extensions, a stock one flows alone. */
  relay: 'ours' | 'stock';
  view?: string;
}

/** A dashboard that watches a story. */
export function storyScene(name: string, { seconds, from = 0, relay, view = 'overview' }: Watching): State {
  const story = incidents.find((candidate) => candidate.name === name);
  if (story === undefined) throw new Error(`no story ${name}`);
  const state = initialState({ server: '127.0.0.1:4245', nowMs: STORY_START_MS + from * 1000, view });
  update(state, { type: 'flows-requested' });
  update(state, { type: 'connection', state: 'connecting' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  if (relay === 'stock') update(state, { type: 'telemetry-absent' });
  const player = new StoryPlayer(story, { seed: 1, startNs: BigInt(STORY_START_MS) * 1_000_000n, bootId: 'test', version: '0' });
  for (let second = 0; second < seconds; second++) {
    const nodes = player.next();
    if (second >= from) takeSecond(state, nodes, { second, relay });
  }
  return state;
}

function takeSecond(state: State, nodes: readonly PlayedNode[], { second, relay }: { second: number; relay: Watching['relay'] }): void {
  const endMs = STORY_START_MS + (second + 1) * 1000;
  for (let tenth = 1; tenth <= 10; tenth++) update(state, { type: 'tick', nowMs: endMs - 1000 + tenth * 100 });
  update(state, { type: 'flows', bytes: joined(flowsOf(nodes, relay).map((flow) => framed(flow))) });
  if (relay === 'stock') return;
  const merge = new ReportMerge();
  for (const { name, report } of nodes) merge.add(name, report);
  update(state, { type: 'tick', nowMs: endMs + 250 });
  update(state, { type: 'telemetry', report: merge.take(nodes[0]?.report.time ?? {}) });
}

function flowsOf(nodes: readonly PlayedNode[], relay: Watching['relay']): Parameters<typeof framed>[0][] {
  const told = nodes.flatMap((node) => node.flows).toSorted((one, other) => Number(timestampNs(one.response.time) - timestampNs(other.response.time)));
  return told.flatMap(({ response, extension }) => {
    if (response.flow === undefined) return [];
    if (relay === 'stock' || extension === undefined) return [response.flow];
    return [{ ...response.flow, extensions: { type_url: 'type.googleapis.com/hubtop.v1.FlowExtension', value: FlowExtensionCodec.encode(extension) } }];
  });
}
