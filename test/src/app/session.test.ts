import { describe, expect, test } from 'vitest';
import { Session, type DashboardSource } from '../../../src/app/session.ts';
import type { ClientMessage } from '../../../src/client/client-message.ts';
import type { GetFlowsRequest } from '../../../src/wire/gen/observer.ts';
import { reportOf } from './fake-cluster.ts';
import { START_MS } from '../views/scenes.ts';

class FakeSource implements DashboardSource {
  readonly server = 'fake';
  requests: (GetFlowsRequest | null)[] = [];
  isClosed = false;
  say: (message: ClientMessage) => void = () => {};
  subscribe(listener: (message: ClientMessage) => void): () => void {
    this.say = listener;
    return () => {
      this.say = () => {};
    };
  }
  setFlowsRequest(request: GetFlowsRequest | null): void {
    this.requests.push(request);
  }
  close(): void {
    this.isClosed = true;
  }
}

describe('Session', () => {
  test('opens a flow stream only when what is wanted changes', () => {
    const source = new FakeSource();
    const session = new Session(source, { view: 'overview', now: () => START_MS });
    expect(source.requests).toHaveLength(1);
    expect(source.requests[0]?.whitelist).toHaveLength(3);
    source.say({ type: 'connection', state: 'live' });
    source.say({ type: 'telemetry', report: reportOf(0, START_MS) });
    session.take({ type: 'action', action: 'down' });
    expect(source.requests).toHaveLength(1);
    session.take({ type: 'action', action: 'view-flows' });
    expect(source.requests).toHaveLength(2);
    expect(source.requests[1]?.whitelist).toEqual([]);
    session.take({ type: 'action', action: 'verdict' });
    expect(source.requests).toHaveLength(3);
    session.take({ type: 'action', action: 'clear' });
    session.take({ type: 'action', action: 'view-overview' });
    expect(source.requests).toHaveLength(5);
    session.close();
    expect(source.isClosed).toBe(true);
  });

  test('asks a server without telemetry for every flow', () => {
    const source = new FakeSource();
    const session = new Session(source, { view: 'overview', now: () => START_MS });
    source.say({ type: 'telemetry-absent' });
    expect(source.requests[1]?.whitelist).toEqual([]);
    session.close();
  });
});
