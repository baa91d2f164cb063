import type { GetFlowsRequest } from '../wire/gen/observer.ts';
import type { DashboardSource, SourceMessage } from './session.ts';

/** A source that is still being opened: the first frame needs no client, and loading one takes longer than drawing. */
export class LaterSource implements DashboardSource {
  /** Aborted when the source cannot be opened; `failure` says why. */
  readonly failed: AbortSignal;
  failure: unknown;
  private readonly controller = new AbortController();
  private inner: DashboardSource | undefined;
  private request: GetFlowsRequest | null | undefined;
  private isClosed = false;
  private readonly listeners = new Map<(message: SourceMessage) => void, (() => void) | undefined>();

  /** `open` runs in a later turn of the event loop, so that a frame can be drawn before. */
  constructor(private readonly name: string, private readonly open: () => Promise<DashboardSource>) {
    this.failed = this.controller.signal;
    setImmediate(() => void this.start());
  }

  get server(): string {
    return this.inner?.server ?? this.name;
  }

  subscribe(listener: (message: SourceMessage) => void): () => void {
    this.listeners.set(listener, this.inner?.subscribe(listener));
    return () => {
      this.listeners.get(listener)?.();
      this.listeners.delete(listener);
    };
  }

  setFlowsRequest(request: GetFlowsRequest | null): void {
    this.request = request;
    this.inner?.setFlowsRequest(request);
  }

  close(): void {
    this.isClosed = true;
    this.inner?.close();
  }

  private async start(): Promise<void> {
    if (this.isClosed) return;
    try {
      const inner = await this.open();
      if (this.isClosed) return inner.close();
      this.inner = inner;
      if (this.request !== undefined) inner.setFlowsRequest(this.request);
      for (const listener of this.listeners.keys()) this.listeners.set(listener, inner.subscribe(listener));
    } catch (error) {
      this.failure = error;
      this.controller.abort();
    }
  }
}
