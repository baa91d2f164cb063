import { healthy, incidents } from '../../../agent/demo/story/story-list.ts';
import { type PlayedNode, StoryPlayer } from '../../../agent/demo/story/story-player.ts';
import { ReportMerge } from '../../../src/relay/merge/report-merge.ts';
import { update } from '../../../src/control/update.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { FlowExtensionCodec } from '../../../src/wire/gen/hubtop.ts';
import { type GetFlowsResponse, GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { timestampNs } from '../../../src/wire/timestamp.ts';
import { copyOfState } from '../views/copy-of-state.ts';

/** 2026-03-01 21:26:00 UTC, as in snapshots/: incidents begin four minutes later. */
export const STORY_START_MS = Date.UTC(2026, 2, 1, 21, 26);

/** How to tell a story to a model. */
export interface Telling {
  /** Last second that is told, and the first that is watched. */
  seconds: number;
  from?: number;
  seed?: number;
  view?: string;
  /** With what agents of ours add for those who ask. */
  hasExtensions?: boolean;
  /** Without reports: what a stock relay's client sees. */
  isStock?: boolean;
  /** Looks at the state after each second. */
  onSecond?(state: State, second: number): void;
}

/** A telling that can go on. */
interface Told {
  state: State;
  player: StoryPlayer;
  /** Last second that was told. */
  second: number;
  /** The second after it, where it was already played. */
  ahead: PlayedNode[] | undefined;
}

const kept = new Map<string, Told>();

/** A dashboard that has watched a story, fed as by a relay. */
export function tell(name: string, telling: Telling): State {
  const { seconds, onSecond } = telling;
  if (onSecond !== undefined) return goOn(begun(name, telling), seconds, telling).state;
  // what was told to one test goes on in a copy for the next; the last second is told to the copy, as in scenes
  const key = JSON.stringify([name, { ...telling, seconds: undefined }]);
  const known = kept.get(key);
  const told = known === undefined || known.second >= seconds ? begun(name, telling) : known;
  kept.set(key, goOn(told, seconds - 1, telling));
  const ahead = told.ahead ??= told.player.next();
  return goOn({ ...told, state: copyOfState(told.state), ahead }, seconds, telling).state;
}

function begun(name: string, { from = 0, seed = 1, isStock = false, view = 'overview' }: Telling): Told {
  const story = [healthy, ...incidents].find((candidate) => candidate.name === name);
  if (story === undefined) throw new Error(`no story ${name}`);
  const player = new StoryPlayer(story, { seed, startNs: BigInt(STORY_START_MS) * 1_000_000n, bootId: 'test', version: '0.1.0' });
  const state = initialState({ server: 'story', nowMs: STORY_START_MS + from * 1000, view });
  update(state, { type: 'connection', state: 'connecting' });
  update(state, { type: 'connection', state: 'live' });
  if (isStock) update(state, { type: 'telemetry-absent' });
  update(state, { type: 'flows-requested' });
  update(state, { type: 'flows-state', isOpen: true });
  return { state, player, second: 0, ahead: undefined };
}

function goOn(told: Told, seconds: number, { from = 0, isStock = false, hasExtensions = false, onSecond }: Telling): Told {
  const { state, player } = told;
  while (told.second < seconds) {
    const nodes = told.ahead ?? player.next();
    told.ahead = undefined;
    const second = ++told.second;
    if (second <= from) continue;
    for (let tenth = 1; tenth <= 10; tenth++) update(state, { type: 'tick', nowMs: STORY_START_MS + (second - 1) * 1000 + tenth * 100 });
    update(state, { type: 'flows', bytes: flowsOf(nodes, hasExtensions) });
    if (!isStock) update(state, { type: 'telemetry', report: reportOf(nodes) });
    onSecond?.(state, second);
  }
  return told;
}

function flowsOf(nodes: readonly PlayedNode[], hasExtensions: boolean): Uint8Array {
  const messages = nodes.flatMap((node) => node.flows.map((played) => (hasExtensions ? extended(played) : played.response)))
    .toSorted((one, other) => Number(timestampNs(one.time) - timestampNs(other.time))).map((response) => GetFlowsResponseCodec.encode(response));
  const bytes = new Uint8Array(messages.reduce((sum, message) => sum + message.length + 5, 0));
  let at = 0;
  for (const message of messages) {
    new DataView(bytes.buffer).setUint32(at + 1, message.length);
    bytes.set(message, at + 5);
    at += message.length + 5;
  }
  return bytes;
}

function extended({ response, extension }: PlayedNode['flows'][number]): GetFlowsResponse {
  if (response.flow === undefined || extension === undefined) return response;
  return { ...response, flow: { ...response.flow, extensions: { type_url: 'type.googleapis.com/hubtop.v1.FlowExtension', value: FlowExtensionCodec.encode(extension) } } };
}

function reportOf(nodes: readonly PlayedNode[]): ReturnType<ReportMerge['take']> {
  const merge = new ReportMerge();
  for (const { name, report } of nodes) merge.add(name, report);
  return merge.take(nodes[0]?.report.time ?? {});
}
