import type { Chip } from '../model/chips.ts';
import { countsFlows, figuresOf, type State } from '../model/state.ts';
import { type DashboardSource, Session } from './session.ts';

/** Flows of a second arrive this long after it: a relay in front of stock agents sorts for a second. */
export const FLOWS_LATE_MS = 2_500;
/** Without a report for so long the seconds that pass are holes. */
const SILENT_MS = 4_000;
/** Clocks that are farther apart put flows into seconds that were judged already. */
const MAX_LAG_MS = 10_000;

/** From a second up to, not including, another. */
export interface SecondSpan {
  from: number;
  to: number;
}

const NOTHING_YET: SecondSpan = { from: Infinity, to: 0 };

/** One connection with one filter, and how far its seconds are whole. */
export class CheckStream {
  private readonly session: Session;
  private reports = 0;
  private reportedMs = 0;
  private firstCounted = 0;
  private firstFlow = 0;
  private received = 0;
  private lagMs = 0;

  constructor(source: DashboardSource, chips: readonly Chip[], private readonly now: () => number) {
    this.session = new Session(source, { view: 'overview', now });
    for (const chip of chips) this.session.take({ type: 'chip', ...chip });
  }

  get state(): State {
    return this.session.state;
  }

  tick(): void {
    this.session.tick();
    const { state } = this;
    if (state.reports !== this.reports) {
      this.reports = state.reports;
      this.reportedMs = this.now();
    }
    if (state.flows.received !== this.received && this.now() - state.flows.openedMs > FLOWS_LATE_MS) this.lagMs = Math.abs(this.now() - state.flows.newestMs);
    this.received = state.flows.received;
  }

  /** Seconds that are whole, or that will never be, of the figures the state shows: from the first that was watched from its beginning. */
  countedSpan(): SecondSpan {
    if (countsFlows(this.state)) return this.flowSpan();
    if (this.state.reports === 0) return NOTHING_YET;
    const { lastSecond } = figuresOf(this.state);
    // the first report says what happened before the check began
    if (this.firstCounted === 0) this.firstCounted = lastSecond + 1;
    const silentMs = this.now() - this.reportedMs;
    // by the server's clock, whatever ours says
    return { from: this.firstCounted, to: silentMs < SILENT_MS ? lastSecond : lastSecond + Math.floor((silentMs - SILENT_MS) / 1000) + 1 };
  }

  /** The same for what is counted from flows. */
  flowSpan(): SecondSpan {
    if (this.firstFlow === 0 && this.state.telemetry !== 'unknown' && this.state.flows.isOpen) this.firstFlow = Math.ceil(this.now() / 1000);
    return this.firstFlow === 0 ? NOTHING_YET : { from: this.firstFlow, to: Math.floor((this.now() - FLOWS_LATE_MS) / 1000) };
  }

  /** Its flows carry times far from this clock: the seconds they are counted in are not those that are judged. */
  get isOff(): boolean {
    return this.lagMs > MAX_LAG_MS;
  }

  /** Why nothing can be told from this connection, or from its flows; empty where it is not to blame. */
  trouble(isAboutFlows: boolean): string {
    const { connection, flows, server, telemetry, reports } = this.state;
    if (this.firstCounted === 0 && this.firstFlow === 0 && (telemetry !== 'present' || reports === 0)) {
      const cause = connection.error === '' ? 'no answer; is a relay or an agent running there?' : connection.error;
      return cause.includes(server) ? cause : `cannot get data from ${server}: ${cause}`;
    }
    if (!isAboutFlows && !countsFlows(this.state)) return '';
    if (flows.error !== '') return `${server} refuses the flows: ${flows.error}`;
    return this.isOff ? `flows of ${server} are ${Math.round(this.lagMs / 1000)} s off this clock` : '';
  }

  close(): void {
    this.session.close();
  }
}
