import { Backoff } from '../lib/backoff.ts';
import type { Metadata } from '../rpc/metadata.ts';
import { parseTarget } from '../rpc/target.ts';
import type { ClientTls } from '../rpc/tls-files.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';
import type { ClientMessage } from './client-message.ts';
import { FlowsFollower } from './flows-follower.ts';
import { watchNodes } from './node-watch.ts';
import { ServerLink, reconnectBackoff } from './server-link.ts';

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
  /** Messages come in order; connecting begins with the first subscriber. Gives the way to stop listening. */
  subscribe(listener: (message: ClientMessage) => void): () => void;
  /** The flows wanted from now on; null for none. Telemetry goes on. */
  setFlowsRequest(request: GetFlowsRequest | null): void;
  close(): void;
}

/** Connects to a server and keeps Telemetry.Watch and, while asked for, GetFlows open; a server without telemetry is asked for its nodes. Throws only for an address that is none. */
export function connectCluster(options: ClusterOptions): ClusterClient {
  const random = options.random ?? Math.random;
  const listeners = new Set<(message: ClientMessage) => void>();
  const emit = (message: ClientMessage): void => {
    for (const listener of listeners) listener(message);
  };
  // for the nodes of a server that does not report them by itself
  let asking = new AbortController();
  const link = new ServerLink(parseTarget(options.server), options, (message) => {
    if (message.type !== 'node-name') emit(message);
    if (message.type === 'connection') {
      asking.abort();
      flows.setConnected(message.state === 'live');
    }
    if (message.type === 'telemetry-absent') {
      asking = new AbortController();
      void watchNodes(link.channel, emit, { signal: asking.signal });
    }
  });
  const flows = new FlowsFollower(link.channel, new Backoff(reconnectBackoff, random), emit);
  return {
    server: options.server,
    subscribe(listener) {
      listeners.add(listener);
      link.start();
      return () => void listeners.delete(listener);
    },
    setFlowsRequest: (request) => flows.setRequest(request),
    close() {
      listeners.clear();
      asking.abort();
      flows.close();
      link.close();
    },
  };
}
