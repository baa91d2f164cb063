import type { ClientMessage } from './client-message.ts';
import type { ClusterClient } from './cluster-client.ts';

/** What is known of a cluster besides what its server says. */
export interface ClientExtras {
  /** What to call the server instead of by its address; empty for the address. */
  name?: string | undefined;
  /** Why there is no way to the server just now, where somebody knows better than the connection does; empty if not. */
  failure?(): string;
  /** Each starts something that has more to say, and gives the way to end it. They begin with the first subscriber. */
  sources: readonly ((emit: (message: ClientMessage) => void) => () => unknown)[];
  /** Ends what the client needs. */
  close?(): unknown;
}

/** A client that also says what other sources know. */
export function joinClient(client: ClusterClient, extras: ClientExtras): ClusterClient {
  const listeners = new Set<(message: ClientMessage) => void>();
  const enders: (() => unknown)[] = [];
  const emit = (message: ClientMessage): void => {
    for (const listener of listeners) listener(message);
  };
  const start = (): void => {
    enders.push(client.subscribe((message) => emit(withCause(message, extras.failure?.() ?? ''))));
    for (const source of extras.sources) enders.push(source(emit));
  };
  return {
    server: extras.name || client.server,
    subscribe(listener) {
      listeners.add(listener);
      if (enders.length === 0) start();
      return () => void listeners.delete(listener);
    },
    setFlowsRequest: (request) => client.setFlowsRequest(request),
    close() {
      listeners.clear();
      for (const end of enders.splice(0)) void end();
      client.close();
      void extras.close?.();
    },
  };
}

function withCause(message: ClientMessage, cause: string): ClientMessage {
  return message.type === 'connection' && message.state === 'lost' && cause !== '' ? { ...message, error: cause } : message;
}
