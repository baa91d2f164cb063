import { join } from 'node:path';
import { frameText } from '../../src/app/batch.ts';
import { flowChooser } from '../../src/app/flow-chooser.ts';
import { hdrQuantiles } from '../../src/app/hdr-quantiles.ts';
import { openRecording } from '../../src/app/open-recording.ts';
import { ReplaySteps, sayOpened, stepMessages, type ReplayStep } from '../../src/app/replay-steps.ts';
import { update } from '../../src/control/update.ts';
import { flowsRequest } from '../../src/model/requests.ts';
import { initialState, type State } from '../../src/model/state.ts';
import type { Size } from '../../src/screen/line.ts';
import { streamPageRows } from '../../src/views/flows.ts';
import { CHROME_ROWS } from '../../src/views/frame.ts';

/** Folder of the recordings. */
export const snapshots = join(import.meta.dirname, '../../snapshots');

/** A dashboard that has watched a recorded incident to a moment, else to its end, on the way `hubtop replay` takes. */
export async function watched(name: string, untilMs = Infinity): Promise<State> {
  const recording = await openRecording(join(snapshots, name, 'flows.jsonl.gz'));
  const { startMs, hasTelemetry } = recording;
  const replay = { file: recording.name, fromMs: startMs, toMs: 0, readShare: 1, isRead: true, isLogged: true, speed: 1, wantedMs: undefined, isPlaying: false };
  const state = initialState({ server: recording.name, nowMs: startMs, view: 'overview', replay });
  const passes = flowChooser(flowsRequest(state));
  update(state, { type: 'flows-requested' });
  sayOpened({ startMs, hasTelemetry }, (message) => update(state, message));
  const take = (step: ReplayStep): void => {
    if (step.atMs > untilMs) return;
    update(state, { type: 'tick', nowMs: step.atMs });
    for (const message of stepMessages(step, passes)) update(state, message);
  };
  const steps = new ReplaySteps(startMs, take);
  for await (const batch of recording.batches) for (const message of batch) steps.add(message);
  steps.end();
  replay.toMs = state.nowMs;
  update(state, { type: 'quantiles', quantiles: hdrQuantiles() });
  return state;
}

/** A view of a state as text, spaces at the ends of rows left out. */
export function screenOf(state: State, view: string, size: Size): string {
  state.view = view;
  update(state, { type: 'page-rows', rows: streamPageRows(state, size.rows - CHROME_ROWS) });
  return frameText(state, size).replaceAll(/ +$/gm, '');
}
