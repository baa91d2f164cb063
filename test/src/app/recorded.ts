import { writeFileSync } from 'node:fs';
import { RecordingWriter } from '../../../src/client/recording-writer.ts';
import { timestampOf } from '../../../src/model/time.ts';
import { frameOf } from '../../../src/wire/frame-splitter.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { NodeStateEnum } from '../../../src/wire/gen/relay.ts';
import { secondOfFlows, START_MS } from '../views/scenes.ts';
import { NODES, reportOf } from './fake-cluster.ts';

/** When the recording's connection is lost and found again, and a node goes away, in seconds from START_MS. */
export const LOST_S = 60;
export const FOUND_S = 67;
export const AWAY_S = 75;
const SECONDS = 90;

const made = new Map<boolean, string>();

/** Lines of a recording of the payments fleet with a gap and a node that goes away; without telemetry as a stock relay gives them. */
export function recordedLines(hasTelemetry: boolean): string {
  const text = made.get(hasTelemetry) ?? makeLines(hasTelemetry);
  made.set(hasTelemetry, text);
  return text;
}

function makeLines(hasTelemetry: boolean): string {
  let text = '';
  let nowMs = START_MS;
  const writer = new RecordingWriter((bytes) => { text += Buffer.from(bytes).toString(); }, () => nowMs);
  const status = (state: string, names: string[], message = ''): void => writer.take({ type: 'flows', bytes: frameOf(GetFlowsResponseCodec.encode({
    node_status: { state_change: NodeStateEnum.values[state], node_names: names, message }, node_name: 'relay', time: timestampOf(nowMs),
  })) });
  writer.take({ type: 'connection', state: 'live' });
  status('NODE_CONNECTED', NODES);
  for (let second = 0; second < SECONDS; second++) {
    nowMs = START_MS + (second + 1) * 1000;
    if (second === LOST_S) writer.take({ type: 'connection', state: 'lost', error: 'UNAVAILABLE: connection refused' });
    if (second === FOUND_S) writer.take({ type: 'connection', state: 'live' });
    if (second > LOST_S && second < FOUND_S) continue;
    if (second === AWAY_S) status('NODE_UNAVAILABLE', ['node-09'], 'connection refused');
    writer.take({ type: 'flows', bytes: secondOfFlows(second, nowMs) });
    if (hasTelemetry) writer.take({ type: 'telemetry', report: reportOf(second, nowMs, second > AWAY_S ? { down: 'node-09' } : {}) });
  }
  writer.flush();
  return text;
}

/** Writes such a recording and gives its path. */
export function writeRecorded(path: string, hasTelemetry = true): string {
  writeFileSync(path, recordedLines(hasTelemetry));
  return path;
}
