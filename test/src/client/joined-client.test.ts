import { expect, test } from 'vitest';
import type { ClientMessage } from '../../../src/client/client-message.ts';
import type { ClusterClient } from '../../../src/client/cluster-client.ts';
import { joinClient } from '../../../src/client/joined-client.ts';

function fakeClient(): { client: ClusterClient; emit: (message: ClientMessage) => void; calls: string[] } {
  const calls: string[] = [];
  let listener: (message: ClientMessage) => void = () => {};
  const client: ClusterClient = {
    server: 'a:1',
    subscribe(given) {
      calls.push('subscribe');
      listener = given;
      return () => { calls.push('unsubscribe'); };
    },
    setFlowsRequest: () => { calls.push('request'); },
    close: () => { calls.push('close'); },
  };
  return { client, emit: (message) => listener(message), calls };
}

test('joinClient() passes on what the client and the others say, and ends all of them', () => {
  const { client, emit, calls } = fakeClient();
  let say: (message: ClientMessage) => void = () => {};
  const joined = joinClient(client, { sources: [(emitted) => { say = emitted; calls.push('start'); return () => { calls.push('end'); }; }], close: () => { calls.push('close forward'); } });
  expect(calls).toEqual([]);
  const messages: ClientMessage[] = [];
  const other: ClientMessage[] = [];
  joined.subscribe((message) => messages.push(message));
  joined.subscribe((message) => other.push(message));
  joined.setFlowsRequest(null);
  emit({ type: 'telemetry-absent' });
  say({ type: 'metrics-state', source: 's', error: 'e' });
  expect(messages).toEqual([{ type: 'telemetry-absent' }, { type: 'metrics-state', source: 's', error: 'e' }]);
  expect(other).toEqual(messages);
  joined.close();
  say({ type: 'metrics-state', source: 's', error: 'late' });
  expect(messages).toHaveLength(2);
  expect(calls).toEqual(['subscribe', 'start', 'request', 'unsubscribe', 'end', 'close', 'close forward']);
});

test.each([
  ['', 'refused'],
  ['kubectl died', 'kubectl died'],
])('joinClient() with a way that fails with %j says so when the connection is lost', (failure, error) => {
  const { client, emit } = fakeClient();
  const joined = joinClient(client, { failure: () => failure, sources: [] });
  const messages: ClientMessage[] = [];
  joined.subscribe((message) => messages.push(message));
  emit({ type: 'connection', state: 'lost', error: 'refused', retryInMs: 250 });
  emit({ type: 'connection', state: 'live' });
  expect(messages).toEqual([{ type: 'connection', state: 'lost', error, retryInMs: 250 }, { type: 'connection', state: 'live' }]);
});

test.each([[undefined, 'a:1'], ['', 'a:1'], ['prod', 'prod']])('joinClient() named %j is called %s', (name, server) => {
  expect(joinClient(fakeClient().client, { name, sources: [] }).server).toBe(server);
});
