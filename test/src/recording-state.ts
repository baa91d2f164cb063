import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { hdrQuantiles } from '../../src/app/hdr-quantiles.ts';
import { update } from '../../src/control/update.ts';
import { initialState, type State } from '../../src/model/state.ts';
import { RecordedLineReader } from '../../src/wire/recorded-line.ts';

/** How much later than it happened a recording's line comes to the dashboard. */
const LAG_MS = 400;

/** A dashboard that was looking while a recording of snapshots/ was made, at so many seconds after its begin. */
export function stateOfRecording(name: string, seconds: number, onSecond?: (state: State) => void): State {
  const file = join(import.meta.dirname, '../../snapshots', name, 'flows.jsonl.gz');
  const reader = new RecordedLineReader();
  let state: State | undefined;
  let startMs = 0;
  for (const text of gunzipSync(readFileSync(file)).toString('utf8').split('\n')) {
    if (text === '') continue;
    const line = reader.read(text);
    if (line.kind === 'bad') throw new Error(line.reason);
    if (line.kind === 'other' || line.kind === 'change') continue;
    if (state === undefined) {
      startMs = line.timeMs;
      state = started(startMs);
    }
    if (line.timeMs > startMs + seconds * 1000) break;
    if (line.timeMs + LAG_MS > state.nowMs) {
      const isNewSecond = Math.floor((line.timeMs + LAG_MS) / 1000) > Math.floor(state.nowMs / 1000);
      update(state, { type: 'tick', nowMs: line.timeMs + LAG_MS });
      if (isNewSecond) onSecond?.(state);
    }
    update(state, line.kind === 'response' ? { type: 'flows', bytes: line.frame } : { type: 'telemetry', report: line.report });
  }
  if (state === undefined) throw new Error(`${name} is empty`);
  return state;
}

function started(nowMs: number): State {
  const state = initialState({ server: 'recording', nowMs, view: 'overview' });
  update(state, { type: 'quantiles', quantiles: hdrQuantiles() });
  update(state, { type: 'flows-requested' });
  update(state, { type: 'connection', state: 'connecting' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  return state;
}
