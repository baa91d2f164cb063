import { expect, test } from 'vitest';
import { LaterSource } from '../../../src/app/later-source.ts';
import { Session, type DashboardSource } from '../../../src/app/session.ts';
import type { ClientMessage } from '../../../src/client/client-message.ts';
import { START_MS } from '../views/scenes.ts';

class OpenedSource implements DashboardSource {
  readonly server = '127.0.0.1:4711';
  requests = 0;
  isClosed = false;
  isHeard = false;
  subscribe(listener: (message: ClientMessage) => void): () => void {
    this.isHeard = true;
    listener({ type: 'connection', state: 'live' });
    return () => {
      this.isHeard = false;
    };
  }
  setFlowsRequest(): void {
    this.requests++;
  }
  close(): void {
    this.isClosed = true;
  }
}

const nextTurn = async (): Promise<void> => new Promise((resolve) => {
  setImmediate(resolve);
});

test('LaterSource takes listeners and wishes before it is open, and its address then', async () => {
  const inner = new OpenedSource();
  const later = new LaterSource('demo', async () => inner);
  const session = new Session(later, { view: 'overview', now: () => START_MS });
  expect([session.state.server, session.state.connection.state]).toEqual(['demo', 'connecting']);
  await nextTurn();
  await nextTurn();
  expect([session.state.server, session.state.connection.state, inner.requests]).toEqual(['127.0.0.1:4711', 'live', 1]);
  session.close();
  expect([inner.isHeard, inner.isClosed]).toEqual([false, true]);
});

test('a source that cannot be opened says why and ends the dashboard', async () => {
  const later = new LaterSource('demo', async () => {
    throw new Error('port in use');
  });
  await nextTurn();
  await nextTurn();
  expect([later.failed.aborted, (later.failure as Error).message]).toEqual([true, 'port in use']);
});

test('a source closed while it opens is closed when it has', async () => {
  const inner = new OpenedSource();
  let done: (source: DashboardSource) => void = () => {};
  const later = new LaterSource('demo', async () => new Promise((resolve) => {
    done = resolve;
  }));
  await nextTurn();
  later.close();
  done(inner);
  await nextTurn();
  expect([inner.isClosed, inner.isHeard]).toEqual([true, false]);
});
