import { expect, test } from 'vitest';
import { startDemo } from '../../../agent/demo/demo.ts';
import { openChannel } from '../../../src/rpc/channel.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import { startRelay } from '../../../src/relay/relay.ts';
import { ObserverService } from '../../../src/wire/services.ts';

test('startDemo() serves named flows of twelve nodes over one relay', { timeout: 20_000 }, async () => {
  const demo = await startDemo({ seed: 3 }, startRelay);
  const channel = openChannel(parseTarget(demo.address));
  try {
    const nodes = new Set<string>();
    const pods = new Set<string>();
    let nameless = 0;
    let flows = 0;
    for await (const response of channel.stream(ObserverService.GetFlows, { follow: true, number: 0n })) {
      if (response.flow === undefined) continue;
      flows += 1;
      nodes.add(response.flow.node_name ?? '');
      for (const endpoint of [response.flow.source, response.flow.destination]) {
        if (endpoint?.pod_name !== undefined) pods.add(endpoint.pod_name);
        else if (endpoint?.labels?.some((label) => label.startsWith('reserved:')) !== true) nameless += 1;
      }
      if (flows >= 1500 && nodes.size === 12) break;
    }
    expect(nodes.size).toBe(12);
    expect([...pods]).toEqual(expect.arrayContaining(['checkout-api-7d4b-x9hk', 'ledger-svc-0', 'postgres-primary-0', 'istio-gateway-789f-bbjk']));
    expect(nameless).toBe(0);
    const status = await channel.unary(ObserverService.ServerStatus, {});
    expect(status.num_connected_nodes?.value).toBe(12);
  } finally {
    channel.close();
    await demo.close();
  }
});
