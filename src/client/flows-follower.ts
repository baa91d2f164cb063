import type { Backoff } from '../lib/backoff.ts';
import type { Channel } from '../rpc/channel.ts';
import { openFlows } from '../rpc/flows-session.ts';
import { Code, rpcErrorText, toRpcError } from '../rpc/status.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';
import { ObserverService } from '../wire/services.ts';
import type { ClientMessage } from './client-message.ts';
import { nodeStatusesIn } from './frame-kinds.ts';
import { ResumeWindow } from './resume-window.ts';

/** Keeps one GetFlows stream open while there is a connection and a request, and takes up where it left. */
export class FlowsFollower {
  private request: GetFlowsRequest | null = null;
  private isConnected = false;
  private current: AbortController | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private window = new ResumeWindow(Date.now);

  constructor(
    private readonly channel: Channel,
    private readonly backoff: Backoff,
    private readonly emit: (message: ClientMessage) => void,
  ) {}

  setRequest(request: GetFlowsRequest | null): void {
    this.request = request;
    this.window = new ResumeWindow(Date.now);
    this.backoff.reset();
    this.reopen();
  }

  setConnected(isConnected: boolean): void {
    if (this.isConnected === isConnected) return;
    this.isConnected = isConnected;
    this.reopen();
  }

  close(): void {
    this.request = null;
    this.reopen();
  }

  private reopen(): void {
    clearTimeout(this.retry);
    const previous = this.current;
    this.current = undefined;
    previous?.abort();
    if (previous) this.emit({ type: 'flows-state', isOpen: false });
    if (this.isConnected && this.request !== null) void this.open(this.request);
  }

  private async open(request: GetFlowsRequest): Promise<void> {
    const own = new AbortController();
    this.current = own;
    const { window } = this;
    const resumed = request.follow === true ? window.resume(request) : request;
    let error: string | undefined;
    try {
      const call = await openFlows(this.channel, ObserverService.GetFlows, resumed, {
        signal: own.signal,
        onHeaders: () => { if (this.current === own) this.emit({ type: 'flows-state', isOpen: true }); },
        onBatch: (frames) => {
          if (this.current !== own) return;
          this.backoff.reset();
          this.take(window.admit(frames));
        },
      });
      await call.done;
    } catch (reason) {
      const failure = toRpcError(reason);
      if (failure.code !== Code.CANCELLED) error = rpcErrorText(failure);
    }
    if (this.current !== own) return;
    this.current = undefined;
    this.emit({ type: 'flows-state', isOpen: false, ...(error === undefined ? {} : { error }) });
    // a relay ends the stream when its last node is gone, and it cannot know that we would rather wait
    if (request.follow === true && this.isConnected) this.retry = setTimeout(() => this.reopen(), this.backoff.next());
  }

  private take(frames: Uint8Array): void {
    if (frames.length === 0) return;
    for (const status of nodeStatusesIn(frames)) this.emit(status);
    this.emit({ type: 'flows', bytes: frames });
  }
}
