import { Backoff } from '../lib/backoff.ts';
import { openChannel, type Channel } from '../rpc/channel.ts';
import type { Metadata } from '../rpc/metadata.ts';
import { Code, toRpcError, type RpcError } from '../rpc/status.ts';
import { parseTarget } from '../rpc/target.ts';
import type { ClientTls } from '../rpc/tls-files.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';
import { TelemetryService } from '../wire/services.ts';
import type { ClientMessage } from './client-message.ts';
import { FlowsFollower } from './flows-follower.ts';

/** Where to connect and how. */
export interface ClusterOptions {
  /** As parseTarget reads it. */
  server: string;
  tls?: ClientTls | undefined;
  metadata?: Metadata | undefined;
  /** For tests: 0 up to 1; jitter of the waits. */
  random?: (() => number) | undefined;
}

/** A connection to a relay or an agent that keeps itself alive. */
export interface ClusterClient {
  readonly server: string;
  /** Messages come in order; none before subscribe(). Gives the way to stop listening. */
  subscribe(listener: (message: ClientMessage) => void): () => void;
  /** The flows wanted from now on; null for none. Telemetry goes on. */
  setFlowsRequest(request: GetFlowsRequest | null): void;
  close(): void;
}

const backoffOptions = { firstMs: 250, longestMs: 5_000, jitter: 0.3 };
/** Telemetry comes once a second; after this much silence the server is taken for dead. */
const silenceMs = 5_000;

/** Connects to a server and keeps Telemetry.Watch and, while asked for, GetFlows open. Throws only for an address that is none. */
export function connectCluster(options: ClusterOptions): ClusterClient {
  return new ReconnectingClient(options);
}

class ReconnectingClient implements ClusterClient {
  readonly server: string;
  private readonly listeners = new Set<(message: ClientMessage) => void>();
  private readonly channel: Channel;
  private readonly flows: FlowsFollower;
  private readonly backoff: Backoff;
  private readonly stop = new AbortController();
  private isStarted = false;
  private lastError: RpcError | undefined;
  private connectionLost: () => void = () => {};

  constructor(options: ClusterOptions) {
    const random = options.random ?? Math.random;
    this.server = options.server;
    this.backoff = new Backoff(backoffOptions, random);
    this.channel = openChannel(parseTarget(options.server), {
      tls: options.tls,
      metadata: options.metadata,
      onState: (state, error) => {
        if (error) this.lastError = error;
        if (state === 'failed' || state === 'idle') this.connectionLost();
      },
    });
    this.flows = new FlowsFollower(this.channel, new Backoff(backoffOptions, random), (message) => this.emit(message));
  }

  subscribe(listener: (message: ClientMessage) => void): () => void {
    this.listeners.add(listener);
    if (!this.isStarted) {
      this.isStarted = true;
      void this.run();
    }
    return () => void this.listeners.delete(listener);
  }

  setFlowsRequest(request: GetFlowsRequest | null): void {
    this.flows.setRequest(request);
  }

  close(): void {
    this.stop.abort();
    this.flows.close();
    this.channel.close();
    this.connectionLost();
    this.listeners.clear();
  }

  private emit(message: ClientMessage): void {
    for (const listener of this.listeners) listener(message);
  }

  private async run(): Promise<void> {
    while (!this.stop.signal.aborted) {
      this.emit({ type: 'connection', state: 'connecting' });
      await this.liveOnce();
      if (this.stop.signal.aborted) return;
      const retryInMs = this.backoff.next();
      this.emit({ type: 'connection', state: 'lost', retryInMs, ...(this.lastError ? { error: this.lastError.message } : {}) });
      await sleep(retryInMs, this.stop.signal);
    }
  }

  /** Connects and stays until the connection breaks. */
  private async liveOnce(): Promise<void> {
    const lost = new Promise<void>((resolve) => { this.connectionLost = resolve; });
    this.lastError = undefined;
    try {
      await this.channel.connect();
    } catch (reason) {
      this.lastError = toRpcError(reason);
      return;
    }
    this.emit({ type: 'connection', state: 'live' });
    this.flows.setConnected(true);
    const over = new AbortController();
    void this.watchTelemetry(over.signal);
    await lost;
    over.abort();
    this.flows.setConnected(false);
  }

  private async watchTelemetry(over: AbortSignal): Promise<void> {
    const retry = new Backoff(backoffOptions, Math.random);
    while (!over.aborted) {
      const silence = new SilenceTimer(silenceMs, () => {
        this.lastError = toRpcError(new Error(`no telemetry for ${silenceMs / 1000} s`), Code.UNAVAILABLE);
        this.channel.disconnect();
      });
      try {
        for await (const report of this.channel.stream(TelemetryService.Watch, {}, { signal: over })) {
          silence.restart();
          retry.reset();
          this.backoff.reset();
          this.emit({ type: 'telemetry', report });
        }
      } catch (reason) {
        const error = toRpcError(reason);
        if (error.code === Code.UNIMPLEMENTED) {
          this.backoff.reset();
          this.emit({ type: 'telemetry-absent' });
          return;
        }
        if (error.code !== Code.CANCELLED) this.lastError = error;
      } finally {
        silence.stop();
      }
      await sleep(retry.next(), over);
    }
  }
}

class SilenceTimer {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly afterMs: number, private readonly onSilence: () => void) {}

  restart(): void {
    this.stop();
    this.timer = setTimeout(this.onSilence, this.afterMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
