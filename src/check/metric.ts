import type { State } from '../model/state.ts';
import type { Coverage } from './coverage.ts';
import type { Selector, SelectorField, Unit } from './condition.ts';

/**
 * How a figure is held against its bound. `rate`: every second, over the last LOOK_SECONDS. `level`: every second. `total`,
 * `share`, `latency`: once, over the whole time.
 */
export type Kind = 'rate' | 'level' | 'total' | 'share' | 'latency';

/** What a second says of a figure. */
export interface Figure {
  /** Counted, or the level; undefined = nobody tells. */
  value: number | undefined;
  /** Counted without the names that were asked for: some of it may belong to `value`. */
  perhaps: number;
  /** What a `%` is of. */
  whole: number;
  /** Answers by latencyIndex(), for latencies. */
  latency?: ReadonlyMap<number, number>;
  /** Everybody the selectors name was seen; true where the figure itself says who is there. */
  isMet: boolean;
}

/** What a metric reads its figure from. */
export interface Reading {
  state: State;
  selectors: readonly Selector[];
  /** First second of the step. */
  second: number;
  coverage: Coverage;
}

/** One thing that can be asked about. A new one is an object and a line in METRICS. */
export interface Metric {
  name: string;
  /** What is counted, for the help. */
  help: string;
  /** Units a bound may have, and how the figure is then held against it. */
  units: Partial<Record<Unit, Kind>>;
  fields: readonly SelectorField[];
  /** What must be seen for it to be whole: events (undefined), the reports of nodes, or nothing, since it is about coverage itself. */
  needs?: 'reports' | 'nothing';
  /** What a share is of, such as `events`: a share of none cannot be told. */
  wholeName?: string;
  /** Share of the answers that a latency is of, 0 to 1. */
  quantile?: number;
  /** It is counted from flows in steps of that many seconds; undefined = second by second. */
  stepSeconds?: number;
  /** Whether the figure is counted from flows that only a stream with these selectors as its filter brings. */
  needsFlows(selectors: readonly Selector[]): boolean;
  /** The figure of one step, of the stream that fits `needsFlows`. */
  read(reading: Reading): Figure;
}

/** A figure nobody tells. */
export const NOBODY_TELLS: Figure = { value: undefined, perhaps: 0, whole: 0, isMet: true };

/** The figure of a second nothing came of: a lower bound. */
export const NOTHING_CAME: Figure = { value: 0, perhaps: 0, whole: 0, isMet: false };
