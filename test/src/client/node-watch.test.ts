import { afterEach, expect, test } from 'vitest';
import type { NodesMessage } from '../../../src/client/client-message.ts';
import { watchNodes } from '../../../src/client/node-watch.ts';
import { openChannel } from '../../../src/rpc/channel.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import { FakeAgent, until } from '../relay/fake-agent.ts';
import { FakeStockRelay } from '../relay/fake-stock-relay.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function watch(address: string): NodesMessage[] {
  const messages: NodesMessage[] = [];
  const channel = openChannel(parseTarget(address));
  const stop = new AbortController();
  closers.push(() => channel.close(), () => stop.abort());
  void watchNodes(channel, (message) => messages.push(message), { signal: stop.signal, askMs: 5 });
  return messages;
}

test('watchNodes() asks again and again', async () => {
  const relay = await new FakeStockRelay(['a']).start();
  closers.push(() => relay.stop());
  const messages = watch(relay.address);
  await until(() => messages.length > 0);
  relay.addNode('b');
  await until(() => messages.at(-1)?.nodes?.length === 2);
});

test('watchNodes() of an agent alone gives its status and no list', async () => {
  const agent = await new FakeAgent('n').start();
  closers.push(() => agent.stop());
  const messages = watch(agent.address);
  await until(() => messages.length >= 3);
  expect(messages[2]).toEqual({ type: 'nodes', status: expect.objectContaining({ version: 'cilium v1.19.4', max_flows: 4095n }) });
});

test('watchNodes() says why there is no answer', async () => {
  const messages = watch('127.0.0.1:1');
  await until(() => messages.length > 0);
  expect(messages[0]).toEqual({ type: 'nodes', error: expect.stringContaining('connection refused') });
});
