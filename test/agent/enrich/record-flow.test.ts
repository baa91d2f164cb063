import { expect, test } from 'vitest';
import { recordFlow } from '../../../agent/enrich/record-flow.ts';
import { shopContext } from '../row-fixture.ts';

const record = {
  time: { seconds: 5n, nanos: 7 },
  verdict: 1,
  IP: { source: '10.0.1.5', destination: '10.96.0.9', ipVersion: 1 },
  l4: { TCP: { source_port: 40_000, destination_port: 80 } },
  l7: { type: 1, http: { method: 'GET', url: 'http://api/cart', protocol: 'HTTP/1.1' } },
  is_reply: { value: false },
  traffic_direction: 2,
  Summary: 'HTTP/1.1 GET http://api/cart',
};

test('recordFlow() names both ends, the service in front and the node, and keeps what the parser said', () => {
  expect(recordFlow(record, 1, shopContext())).toMatchObject({
    ...record, Type: 2, node_name: 'node-a', node_labels: ['zone=one'], event_type: { type: 129 }, emitter: { name: 'Hubble' },
    source: { pod_name: 'web', namespace: 'shop', identity: 300 },
    destination: { labels: ['reserved:world-ipv4'] },
    destination_service: { name: 'api', namespace: 'shop' },
  });
});

test('recordFlow() gives each record of a node and boot a uuid of its own, the same each time', () => {
  const context = shopContext();
  const uuids = [1, 2, 2, 300].map((number) => recordFlow(record, number, context).uuid ?? '');
  expect(uuids[1]).toBe(uuids[2]);
  expect(new Set(uuids).size).toBe(3);
  for (const uuid of uuids) expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8f00-8000-[0-9a-f]{12}$/);
});

test('recordFlow() says of a reply that it is one, for old clients too', () => {
  const flow = recordFlow({ ...record, is_reply: { value: true }, IP: { source: '10.0.2.7', destination: '10.0.1.5', ipVersion: 1 } }, 1, shopContext());
  expect(flow).toMatchObject({ reply: true, source: { pod_name: 'api' }, destination: { pod_name: 'web' } });
});
