import { type Condition } from '../check/condition.ts';
import { filtersOf } from '../check/chip-sets.ts';
import { judge, stepSecondsOf } from '../check/judge.ts';
import { metricOf } from '../check/metric-list.ts';
import { type Result, whyUnknown } from '../check/result.ts';
import { sampleOf } from '../check/sample.ts';
import type { Sample } from '../check/window.ts';
import { update } from '../control/update.ts';
import type { Chip } from '../model/chips.ts';
import { flowsRequest } from '../model/requests.ts';
import { countsFlows, figuresOf, initialState, type State } from '../model/state.ts';
import { FLOWS_LATE_MS, type SecondSpan } from './check-stream.ts';
import { flowChooser } from './flow-chooser.ts';
import type { OpenRecording } from './open-recording.ts';
import { ReplaySteps, sayOpened, stepMessages, type ReplayStep } from './replay-steps.ts';

/** What to check of a recording. */
export interface RecordingCheckOptions {
  conditions: readonly Condition[];
  recording: OpenRecording;
  /** Nothing after this moment counts; undefined = the end of the file. */
  atMs: number | undefined;
  /** Share of events that must be received, 0 to 1. */
  leastSeen: number;
  signal?: AbortSignal | undefined;
}

/** Checks what a recording holds: the last seconds that a condition asks for, or all of it where it asks for none. */
export async function runRecordingCheck(options: RecordingCheckOptions): Promise<Result[]> {
  const { conditions, recording, atMs = Infinity } = options;
  const streams = new Map<string, RecordedStream>();
  const watches = conditions.map((condition) => new RecordedWatch(condition, filtersOf(condition).map((chips) => {
    const key = JSON.stringify(chips);
    const stream = streams.get(key) ?? new RecordedStream(recording, chips);
    streams.set(key, stream);
    return stream;
  })));
  const take = (step: ReplayStep): void => {
    if (step.atMs > atMs) return;
    for (const stream of streams.values()) stream.take(step);
    for (const watch of watches) watch.look();
  };
  const steps = new ReplaySteps(recording.startMs, take);
  for await (const batch of recording.batches) {
    if (options.signal?.aborted === true) break;
    for (const message of batch) steps.add(message);
  }
  steps.end();
  for (const stream of streams.values()) stream.end();
  for (const watch of watches) watch.look();
  return watches.map((watch) => watch.result(options.leastSeen));
}

/** The recording through one filter, as far as it was read. */
class RecordedStream {
  readonly state: State;
  private readonly passes: (frames: Uint8Array) => Uint8Array;
  private isOver = false;

  constructor(private readonly recording: OpenRecording, chips: readonly Chip[]) {
    this.state = initialState({ server: recording.name, nowMs: recording.startMs, view: 'overview' });
    for (const chip of chips) update(this.state, { type: 'chip', ...chip });
    this.passes = flowChooser(recording.hasTelemetry || chips.length > 0 ? flowsRequest(this.state) : null);
    update(this.state, { type: 'flows-requested' });
    sayOpened(recording, (message) => update(this.state, message));
  }

  take(step: ReplayStep): void {
    update(this.state, { type: 'tick', nowMs: step.atMs });
    for (const message of stepMessages(step, this.passes)) update(this.state, message);
  }

  /** Nothing more will come. */
  end(): void {
    this.isOver = true;
  }

  countedSpan(): SecondSpan {
    if (countsFlows(this.state)) return this.flowSpan();
    const { firstSecond, lastSecond } = figuresOf(this.state);
    return firstSecond === 0 ? { from: Infinity, to: 0 } : { from: firstSecond + 1, to: lastSecond };
  }

  flowSpan(): SecondSpan {
    const lateMs = this.isOver ? 0 : FLOWS_LATE_MS;
    return { from: Math.ceil(this.recording.startMs / 1000), to: Math.floor((this.state.nowMs - lateMs) / 1000) };
  }
}

/** One condition and all seconds of the recording. */
class RecordedWatch {
  private readonly samples: Sample[] = [];
  private nextSecond = 0;

  constructor(private readonly condition: Condition, private readonly streams: readonly RecordedStream[]) {}

  look(): void {
    const step = stepSecondsOf(this.condition);
    const isOfFlows = metricOf(this.condition.metric)?.stepSeconds !== undefined;
    const spans = this.streams.map((stream) => (isOfFlows ? stream.flowSpan() : stream.countedSpan()));
    const from = Math.max(this.nextSecond, ...spans.map((span) => span.from));
    const to = Math.min(...spans.map((span) => span.to));
    const states = this.streams.map(({ state }) => state);
    for (let second = Math.ceil(from / step) * step; second + step <= to; second += step) {
      this.samples.push(sampleOf(this.condition, states, second));
      this.nextSecond = second + step;
    }
  }

  result(leastSeen: number): Result {
    const { condition, samples } = this;
    const step = stepSecondsOf(condition);
    const forSeconds = condition.forSeconds === undefined ? samples.length * step : Math.ceil(condition.forSeconds / step) * step;
    const judgement = judge(condition, samples.slice(-Math.max(1, forSeconds / step)), { forSeconds: Math.max(step, forSeconds), leastSeen });
    const verdict = judgement.verdict === 'open' ? 'unknown' : judgement.verdict;
    const why = verdict === 'unknown' ? whyUnknown(condition, { judgement, leastSeen, forSeconds: Math.max(step, forSeconds) }) : '';
    return { condition, verdict, judgement, forSeconds, leastSeen, why };
  }
}
