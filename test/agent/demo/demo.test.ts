import { expect, test } from 'vitest';
import { startDemo } from '../../../agent/demo/demo.ts';
import { openChannel } from '../../../src/rpc/channel.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import { startRelay } from '../../../src/relay/relay.ts';
import { ObserverService, TelemetryService } from '../../../src/wire/services.ts';
import { timestampNs } from '../../../src/wire/timestamp.ts';

test('startDemo() serves what applications say: HTTP, gRPC, DNS and Kafka between named pods, in the order of time and counted', { timeout: 20_000 }, async () => {
  const demo = await startDemo({ seed: 3 }, startRelay);
  const channel = openChannel(parseTarget(demo.address));
  try {
    const protocols = new Set<string>();
    // between nodes a busy machine may lose patience, in one node records never change places
    const last = new Map<string, bigint>();
    let late = 0;
    for await (const { flow } of channel.stream(ObserverService.GetFlows, { follow: true, whitelist: [{ protocol: ['http', 'dns', 'kafka'] }] })) {
      if (flow?.l7 === undefined) continue;
      expect(flow).toMatchObject({ Type: 2, event_type: { type: 129 }, source: { labels: expect.anything() as unknown }, destination: { labels: expect.anything() as unknown } });
      protocols.add(flow.l7.dns !== undefined ? 'dns' : flow.l7.kafka !== undefined ? 'kafka' : flow.l7.http?.protocol ?? '');
      const timeNs = timestampNs(flow.time);
      if (timeNs < (last.get(flow.node_name ?? '') ?? 0n)) late++;
      last.set(flow.node_name ?? '', timeNs);
      if (protocols.size === 4) break;
    }
    expect(late).toBe(0);
    for await (const { nodes = [] } of channel.stream(TelemetryService.Watch, {})) {
      const ledgers = nodes.flatMap(({ events = [] }) => events.filter(({ kind }) => kind === 'l7'));
      if (ledgers.length === 0) continue;
      for (const { happened, reported } of ledgers) expect(happened).toBe(reported);
      break;
    }
  } finally {
    channel.close();
    await demo.close();
  }
});

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
