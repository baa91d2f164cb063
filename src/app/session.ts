import type { ClientMessage } from '../client/client-message.ts';
import type { Message } from '../model/messages.ts';
import type { Replay } from '../model/replay.ts';
import { flowsRequest, requestKey } from '../model/requests.ts';
import { countsFlows, initialState, type State } from '../model/state.ts';
import { update } from '../control/update.ts';
import { zlibPacker } from './zlib-packer.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';

/** What a source has to say: a client's messages, and of a file that is played how it goes. */
export type SourceMessage = ClientMessage | Extract<Message, { type: 'tick' | 'replay' | 'replay-restart' | 'change' | 'status' }>;

/** Where a dashboard's data comes from: a ClusterClient, a replayed file, a fake. */
export interface DashboardSource {
  readonly server: string;
  /** A file that is played; its time is now(). */
  readonly replay?: Replay;
  now?(): number;
  subscribe(listener: (message: SourceMessage) => void): () => void;
  setFlowsRequest(request: GetFlowsRequest | null): void;
  close(): void;
}

/** Clock of a session; tests pass their own. */
export type Clock = () => number;

/** A model fed by a source: what the dashboard and the batch have in common. */
export class Session {
  readonly state: State;
  /** Something changed since the last look. */
  isDirty = true;
  private requested = '';
  private loading: Promise<void> | undefined;
  private readonly unsubscribe: () => void;

  private readonly now: Clock;

  constructor(private readonly source: DashboardSource, options: { view: string; now: Clock }) {
    this.now = () => source.now?.() ?? options.now();
    this.state = initialState({ server: source.server, nowMs: this.now(), view: options.view, replay: source.replay });
    update(this.state, { type: 'packer', packer: zlibPacker });
    this.ask();
    this.unsubscribe = source.subscribe((message) => this.take(message.type === 'connection' ? { ...message, server: source.server } : message));
  }

  /** Folds a message in at the present time; messages that come in one turn cost no frame each. */
  take(message: Message): void {
    const nowMs = this.now();
    if (message.type !== 'replay-restart' && nowMs !== this.state.nowMs) update(this.state, { type: 'tick', nowMs });
    update(this.state, message);
    // with figures from telemetry, flows change the overview by the second at most: the next report draws them
    if (message.type !== 'flows' || this.state.view === 'flows' || countsFlows(this.state)) this.isDirty = true;
    if (message.type !== 'flows' && message.type !== 'telemetry') this.ask();
    else if (this.state.telemetry === 'absent') this.ask();
  }

  /** Lets the clock of the model go on. */
  tick(): void {
    update(this.state, { type: 'tick', nowMs: this.now() });
    if (this.state.l7.records > 0) this.loading ??= this.loadQuantiles();
  }

  /** Resolves when latencies can be shown, or nobody has any. */
  async ready(): Promise<void> {
    await this.loading;
  }

  close(): void {
    this.unsubscribe();
    this.source.close();
  }

  // not at the start: most clusters show no applications, and the first frame needs none
  private async loadQuantiles(): Promise<void> {
    try {
      const { hdrQuantiles } = await import('./hdr-quantiles.ts');
      this.take({ type: 'quantiles', quantiles: hdrQuantiles() });
    } catch (error) {
      this.take({ type: 'status', text: `latencies cannot be shown: ${error instanceof Error ? error.message : String(error)}` });
    }
  }

  // a new stream only when what is wanted changed
  private ask(): void {
    const key = requestKey(this.state);
    if (key === this.requested) return;
    this.requested = key;
    update(this.state, { type: 'flows-requested' });
    this.source.setFlowsRequest(flowsRequest(this.state));
  }
}
