import type { Chip } from '../model/chips.ts';
import { countsFlows, figuresOf, type State } from '../model/state.ts';
import { type DashboardSource, Session } from './session.ts';

/** Flows of a second arrive this long after it: a relay in front of stock agents sorts for a second. */
const FLOWS_LATE_MS = 2_500;
/** Without a report for so long the seconds that pass are holes. */
const SILENT_MS = 4_000;
/** Clocks that are farther apart put flows into seconds that were judged already. */
const MAX_LAG_MS = 10_000;

/** One connection with one filter, and how far its seconds are whole. */
export class CheckStream {
  private readonly session: Session;
  private reports = 0;
  private reportedMs = 0;
  private begin = 0;
  private wasLive = false;
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
    this.wasLive ||= state.connection.state === 'live';
    if (state.reports !== this.reports) {
      this.reports = state.reports;
      this.reportedMs = this.now();
    }
    if (state.flows.received !== this.received && this.now() - state.flows.openedMs > FLOWS_LATE_MS) this.lagMs = Math.abs(this.now() - state.flows.newestMs);
    this.received = state.flows.received;
  }

  /** The first second that was watched from its beginning; Infinity before anything is. */
  firstSecond(): number {
    if (!this.hasBegun()) return Infinity;
    // the first report says what happened before the check began
    if (this.begin === 0) this.begin = countsFlows(this.state) ? Math.ceil(this.now() / 1000) : figuresOf(this.state).lastSecond + 1;
    return this.begin;
  }

  /** The second after the last one that is whole, or that will never be. */
  wholeUntil(): number {
    if (!this.hasBegun()) return 0;
    if (countsFlows(this.state)) return Math.floor((this.now() - FLOWS_LATE_MS) / 1000);
    const { lastSecond } = figuresOf(this.state);
    const silentMs = this.now() - this.reportedMs;
    // by the server's clock, whatever ours says
    return silentMs < SILENT_MS ? lastSecond : lastSecond + Math.floor((silentMs - SILENT_MS) / 1000) + 1;
  }

  /** Its flows carry times far from this clock: the seconds they are counted in are not those that are judged. */
  get isOff(): boolean {
    return countsFlows(this.state) && this.lagMs > MAX_LAG_MS;
  }

  /** Why nothing can be told from this connection; empty where it is not to blame. */
  trouble(): string {
    const { connection, flows, server } = this.state;
    if (!this.hasBegun()) {
      const cause = connection.error === '' ? 'no answer; is a relay or an agent running there?' : connection.error;
      return cause.includes(server) ? cause : `cannot get data from ${server}: ${cause}`;
    }
    if (countsFlows(this.state) && flows.error !== '') return `${server} refuses the flows: ${flows.error}`;
    if (this.isOff) return `flows of ${server} are ${Math.round(this.lagMs / 1000)} s off this clock`;
    return '';
  }

  close(): void {
    this.session.close();
  }

  private hasBegun(): boolean {
    const { state } = this;
    if (state.telemetry === 'unknown') return false;
    return countsFlows(state) ? this.wasLive && (state.flows.isOpen || this.begin > 0) : state.reports > 0;
  }
}
