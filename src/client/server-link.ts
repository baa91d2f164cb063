import { Backoff } from '../lib/backoff.ts';
import { openChannel, type Channel, type ChannelOptions } from '../rpc/channel.ts';
import { nodeNameHeader, type Metadata } from '../rpc/metadata.ts';
import { sleep } from '../rpc/sleep.ts';
import { Code, RpcError, toRpcError } from '../rpc/status.ts';
import type { Target } from '../rpc/target.ts';
import type { ClientMessage } from './client-message.ts';
import { ReportReader } from './report-reader.ts';

/** Waits between tries to connect, and between tries of a stream that was refused. */
export const reconnectBackoff = { firstMs: 250, longestMs: 5_000, jitter: 0.3 };
/** Telemetry comes once a second; after this much silence the server is taken for dead. */
const silenceMs = 5_000;

/** Messages of a link: how it stands with the server, whose it is, and its telemetry. */
export type LinkMessage =
  | Extract<ClientMessage, { type: 'connection' | 'telemetry' | 'telemetry-absent' }>
  | { type: 'node-name'; name: string };

/** Keeps a connection to one server, and its Telemetry.Watch stream, until close(). */
export class ServerLink {
  readonly channel: Channel;
  private readonly backoff: Backoff;
  private readonly stop = new AbortController();
  private lastError: RpcError | undefined;
  private connectionLost: () => void = () => {};
  private isStarted = false;

  constructor(
    target: Target,
    options: Pick<ChannelOptions, 'tls' | 'metadata'> & { random?: (() => number) | undefined },
    private readonly emit: (message: LinkMessage) => void,
  ) {
    this.backoff = new Backoff(reconnectBackoff, options.random ?? Math.random);
    this.channel = openChannel(target, {
      tls: options.tls,
      metadata: options.metadata,
      onState: (state, error) => {
        this.lastError ??= error;
        if (state === 'failed' || state === 'idle') this.connectionLost();
      },
    });
  }

  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    void this.run();
  }

  close(): void {
    this.stop.abort();
    this.channel.close();
    this.connectionLost();
  }

  private say(message: LinkMessage): void {
    if (!this.stop.signal.aborted) this.emit(message);
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      this.say({ type: 'connection', state: 'connecting' });
      await this.liveOnce();
      if (signal.aborted) return;
      const retryInMs = this.backoff.next();
      this.say({ type: 'connection', state: 'lost', retryInMs, ...(this.lastError ? { error: this.lastError.message } : {}) });
      await sleep(retryInMs, signal);
    }
  }

  /** Connects and stays until the connection breaks. */
  private async liveOnce(): Promise<void> {
    this.lastError = undefined;
    const lost = new Promise<void>((resolve) => { this.connectionLost = resolve; });
    try {
      await this.channel.connect();
    } catch (reason) {
      this.lastError = toRpcError(reason);
      return;
    }
    this.say({ type: 'connection', state: 'live' });
    const over = new AbortController();
    void this.watchTelemetry(over.signal);
    await lost;
    over.abort();
  }

  private async watchTelemetry(over: AbortSignal): Promise<void> {
    const retry = new Backoff(reconnectBackoff, () => 0);
    while (!over.aborted) {
      const error = await this.watchOnce(over, retry);
      // a gate before a Hubble may let nobody through to what it does not know
      if (error?.code === Code.UNIMPLEMENTED || error?.code === Code.PERMISSION_DENIED) {
        this.backoff.reset();
        this.say({ type: 'telemetry-absent' });
        return;
      }
      if (error && !over.aborted) this.lastError = error;
      await sleep(retry.next(), over);
    }
  }

  private async watchOnce(over: AbortSignal, retry: Backoff): Promise<RpcError | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const restartTimer = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        // a report may take longer than that to come through a slow link
        if (performance.now() - this.channel.lastBytesMs < silenceMs) return restartTimer();
        this.lastError = new RpcError(Code.UNAVAILABLE, `no telemetry for ${silenceMs / 1000} s`);
        this.channel.disconnect(this.lastError);
      }, silenceMs);
    };
    restartTimer();
    try {
      const onHeaders = (headers: Metadata): void => {
        const name = headers[nodeNameHeader];
        if (name !== undefined) this.say({ type: 'node-name', name });
      };
      const reader = new ReportReader(() => performance.now());
      for await (const report of this.channel.stream(reader.method, {}, { signal: over, onHeaders })) {
        restartTimer();
        retry.reset();
        this.backoff.reset();
        reader.work(() => { this.say({ type: 'telemetry', report }); });
        const restMs = reader.takeRestMs();
        if (restMs === 0) continue;
        clearTimeout(timer);
        await sleep(restMs, over);
        restartTimer();
      }
      return undefined;
    } catch (reason) {
      return toRpcError(reason);
    } finally {
      clearTimeout(timer);
    }
  }
}
