import { update } from '../../src/control/update.ts';
import { keepHeapSmall } from '../../src/app/small-heap.ts';
import { zlibPacker } from '../../src/app/zlib-packer.ts';
import { hdrQuantiles } from '../../src/app/hdr-quantiles.ts';
import { initialState, type State } from '../../src/model/state.ts';
import { frame } from '../../src/views/frame.ts';
import { VIEWS } from '../../src/views/view-list.ts';
import { VariedFlows } from './varied-flows.ts';

const START_MS = 1_772_366_400_000;
const FLOWS_PER_SECOND = 10_000;
/** Chunks a second, about as a socket gives them. */
const CHUNKS = 20;
const SIZE = { cols: 120, rows: 40 };

/** A dashboard without telemetry that runs for hours in minutes: flows from wire bytes, its clock, and a frame a second, each of the next view. */
export class LongRun {
  readonly state: State;
  private readonly flows = new VariedFlows();
  private second = 0;

  constructor() {
    keepHeapSmall();
    this.state = initialState({ server: 'relay:4245', nowMs: START_MS, view: 'flows' });
    update(this.state, { type: 'packer', packer: zlibPacker });
    update(this.state, { type: 'quantiles', quantiles: hdrQuantiles() });
    update(this.state, { type: 'flows-requested' });
    update(this.state, { type: 'connection', state: 'live' });
    update(this.state, { type: 'telemetry-absent' });
    update(this.state, { type: 'flows-state', isOpen: true });
  }

  /** Folds so many flows more; gives the flows folded in all. */
  run(count: number): number {
    for (let left = count; left > 0; left -= FLOWS_PER_SECOND) this.runSecond();
    return this.state.flows.received;
  }

  private runSecond(): void {
    const { state, flows } = this;
    for (let chunk = 1; chunk <= CHUNKS; chunk++) {
      const fromMs = state.nowMs;
      const toMs = START_MS + this.second * 1000 + (chunk * 1000) / CHUNKS;
      update(state, { type: 'tick', nowMs: toMs });
      update(state, { type: 'flows', bytes: flows.take(FLOWS_PER_SECOND / CHUNKS, fromMs, toMs) });
    }
    state.view = VIEWS[this.second % VIEWS.length]?.id ?? 'flows';
    frame(state, SIZE);
    this.second++;
  }
}
