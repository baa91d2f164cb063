import { filtersOf } from '../check/chip-sets.ts';
import { type Condition, LOOK_SECONDS } from '../check/condition.ts';
import { judge, type Judgement, type Obstacle, stepSecondsOf } from '../check/judge.ts';
import { metricOf } from '../check/metric-list.ts';
import { type Result, whyUnknown } from '../check/result.ts';
import { sampleOf } from '../check/sample.ts';
import type { Sample } from '../check/window.ts';
import { countsFlows } from '../model/state.ts';
import { CheckStream } from './check-stream.ts';
import type { DashboardSource } from './session.ts';

/** How often the check looks whether another second is whole. */
const LOOK_MS = 100;
/** What a check may take beyond the longest `for`: to connect, and for the last second to arrive. */
const SPARE_MS = 15_000;
/** A second is whole this long after it is over, at the latest. */
const LATE_MS = 4_000;

/** What to check, on what, and by which rules. */
export interface CheckOptions {
  conditions: readonly Condition[];
  /** Opens a connection of its own for each filter that is needed. */
  open(): DashboardSource;
  /** Most time the whole check may take; default: the longest `for` and some to connect. */
  timeoutMs?: number | undefined;
  /** Share of events that must be received, 0 to 1. */
  leastSeen: number;
  signal?: AbortSignal | undefined;
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** Seconds a condition is watched live: as it says, else one look; whole steps of what its figure is counted in. */
export function secondsOf(condition: Condition): number {
  const step = stepSecondsOf(condition);
  return Math.ceil((condition.forSeconds ?? LOOK_SECONDS) / step) * step;
}

/** Watches a live cluster until every condition held, one is breached, or time is up. */
export async function runCheck(options: CheckOptions): Promise<Result[]> {
  const streams = new Map<string, CheckStream>();
  const watches = options.conditions.map((condition) => new Watch(condition, options, filtersOf(condition).map((chips) => {
    const key = JSON.stringify(chips);
    const stream = streams.get(key) ?? new CheckStream(options.open(), chips, options.now);
    streams.set(key, stream);
    return stream;
  })));
  const longestMs = Math.max(...options.conditions.map(secondsOf)) * 1000;
  const deadlineMs = options.now() + (options.timeoutMs ?? longestMs + SPARE_MS);
  try {
    for (;;) {
      for (const stream of streams.values()) stream.tick();
      for (const watch of watches) watch.look();
      const open = watches.filter((watch) => watch.judgement.verdict === 'open');
      if (open.length === 0 || watches.some((watch) => watch.judgement.verdict === 'breached')) break;
      if (options.signal?.aborted === true || options.now() >= deadlineMs || open.every((watch) => watch.isHopeless(deadlineMs))) break;
      await options.sleep(LOOK_MS);
    }
    const stopped = options.signal?.aborted === true ? 'stopped before it was decided'
      : watches.some((watch) => watch.judgement.verdict === 'breached') ? 'the check ended with the condition that was breached' : '';
    return watches.map((watch) => watch.result(stopped));
  } finally {
    for (const stream of streams.values()) stream.close();
  }
}

/** One condition under way. */
class Watch {
  judgement: Judgement;
  private samples: Sample[] = [];
  private nextSecond = 0;
  private obstacle: Obstacle | undefined;

  constructor(private readonly condition: Condition, private readonly options: CheckOptions, private readonly streams: readonly CheckStream[]) {
    this.judgement = this.judged();
  }

  /** Whether its figure is counted from flows whatever the state shows. */
  private get isOfFlows(): boolean {
    return metricOf(this.condition.metric)?.stepSeconds !== undefined;
  }

  /** Takes the steps that are whole by now. */
  look(): void {
    if (this.judgement.verdict !== 'open') return;
    const step = stepSecondsOf(this.condition);
    const spans = this.streams.map((stream) => (this.isOfFlows ? stream.flowSpan() : stream.countedSpan()));
    const from = Math.max(this.nextSecond, ...spans.map((span) => span.from));
    const to = Math.min(...spans.map((span) => span.to));
    const states = this.streams.map(({ state }) => state);
    for (let second = Math.ceil(from / step) * step; second + step <= to && this.judgement.verdict === 'open'; second += step) {
      const sample = sampleOf(this.condition, states, second);
      sample.coverage.isHole ||= this.streams.some((stream) => stream.isOff && (this.isOfFlows || countsFlows(stream.state)));
      this.samples.push(sample);
      this.nextSecond = second + step;
      this.judgement = this.judged();
      this.forget();
    }
  }

  /** Whether it can no longer hold for long enough before the deadline. */
  isHopeless(deadlineMs: number): boolean {
    return this.options.now() + (secondsOf(this.condition) - this.judgement.seconds) * 1000 > deadlineMs + LATE_MS;
  }

  result(whyStopped: string): Result {
    const { condition, judgement } = this;
    const { leastSeen } = this.options;
    const forSeconds = secondsOf(condition);
    const verdict = judgement.verdict === 'open' ? 'unknown' : judgement.verdict;
    const trouble = this.streams.map((stream) => stream.trouble(this.isOfFlows)).find((words) => words !== '') ?? '';
    const known = { ...judgement, obstacle: judgement.obstacle ?? this.obstacle };
    const why = verdict !== 'unknown' ? '' : whyStopped || trouble || whyUnknown(condition, { judgement: known, leastSeen, forSeconds });
    return { condition, verdict, judgement, forSeconds, leastSeen, why };
  }

  private judged(): Judgement {
    return judge(this.condition, this.samples, { forSeconds: secondsOf(this.condition), leastSeen: this.options.leastSeen });
  }

  // seconds before the present stretch decide nothing any more
  private forget(): void {
    const { judgement } = this;
    if (judgement.verdict !== 'open') return;
    this.obstacle = judgement.obstacle ?? this.obstacle;
    const steps = judgement.seconds / stepSecondsOf(this.condition);
    this.samples = steps === 0 ? [] : this.samples.slice(-steps);
  }
}
