import { update } from '../../src/control/update.ts';
import { initialState, type State } from '../../src/model/state.ts';
import { themeAt } from '../../src/theme/theme.ts';
import { frame } from '../../src/views/frame.ts';
import { reportOf } from '../src/app/fake-cluster.ts';
import { countingTerminal, sent } from './counting-terminal.ts';
import { busyTalks } from './paced-server.ts';
import type { BenchRow } from './row.ts';
import { scaled } from './scale.ts';
import { VariedFlows } from './varied-flows.ts';

const SIZE = { cols: 120, rows: 40 };
const FLOWS_PER_SECOND = 10_000;
const WARM_SECONDS = 3;
const SECONDS = 20;
const START_MS = 1_772_366_400_000;

/** What is open, how often it is drawn, and what it may cost. */
interface Line {
  view: string;
  framesPerSecond: number;
  aimPerSecond: number;
  /** Whether the server counts for us; else the figures are counted from the flows, and change with every frame. */
  hasTelemetry: boolean;
}

const LINES: readonly Line[] = ['flows', 'overview'].flatMap((view) => [true, false].flatMap((hasTelemetry) => [
  { view, framesPerSecond: 2, aimPerSecond: 10_000, hasTelemetry },
  { view, framesPerSecond: 10, aimPerSecond: 40_000, hasTelemetry },
]));

/** Bytes a second to the terminal while 10 k flows a second come in, by the clock of the flows. */
export async function benchLineBytes(report: (row: BenchRow) => void): Promise<void> {
  for (const line of LINES) {
    report({
      name: `bytes to the terminal, ${line.view}, ${line.framesPerSecond} frames/s${line.hasTelemetry ? '' : ', no telemetry'}`,
      value: await bytesPerSecond(line), unit: 'bytes/s', note: `120x40, ${FLOWS_PER_SECOND} flows/s; aim ${line.aimPerSecond}`,
    });
  }
}

const talks = busyTalks(FLOWS_PER_SECOND);

async function bytesPerSecond({ view, framesPerSecond, hasTelemetry }: Line): Promise<number> {
  const seconds = scaled(SECONDS, 2);
  const { terminal, bytes } = countingTerminal(SIZE);
  const state = liveState(view, hasTelemetry);
  const flows = new VariedFlows();
  let warmBytes = 0;
  for (let second = 0; second < WARM_SECONDS + seconds; second++) {
    if (second === WARM_SECONDS) warmBytes = bytes();
    for (let i = 0; i < framesPerSecond; i++) {
      const fromMs = state.nowMs;
      const toMs = START_MS + second * 1000 + ((i + 1) * 1000) / framesPerSecond;
      update(state, { type: 'tick', nowMs: toMs });
      if (i === 0 && hasTelemetry) update(state, { type: 'telemetry', report: reportOf(second, toMs, { talks }) });
      update(state, { type: 'flows', bytes: flows.take(FLOWS_PER_SECOND / framesPerSecond, fromMs, toMs) });
      terminal.draw(frame(state, SIZE), themeAt(0));
      await sent();
    }
  }
  terminal.close();
  return (bytes() - warmBytes) / seconds;
}

function liveState(view: string, hasTelemetry: boolean): State {
  const state = initialState({ server: 'relay:4245', nowMs: START_MS, view });
  update(state, { type: 'flows-requested' });
  update(state, { type: 'connection', state: 'live' });
  if (!hasTelemetry) update(state, { type: 'telemetry-absent' });
  update(state, { type: 'flows-state', isOpen: true });
  return state;
}
