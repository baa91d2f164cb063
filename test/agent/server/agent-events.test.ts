import { expect, test } from 'vitest';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { AgentEvents } from '../../../agent/server/agent-events.ts';
import { type AgentEvent, AgentEventType } from '../../../src/wire/gen/flow.ts';
import type { GetAgentEventsResponse } from '../../../src/wire/gen/observer.ts';
import { shop } from '../row-fixture.ts';

async function eventsOf(events: AgentEvents): Promise<(AgentEvent | undefined)[]> {
  const sent: GetAgentEventsResponse[] = [];
  await events.stream({}, { write: (message) => sent.push(message) > 0, drain: () => Promise.resolve() }, new AbortController().signal);
  return sent.map(({ agent_event }) => agent_event);
}

test('AgentEvents tell of a new identity as Cilium does, address by address, and as a change with both numbers; other nodes\' pods are not theirs', async () => {
  const versions = new EndpointVersions('node-a');
  const events = new AgentEvents('node-a');
  events.endpoints(versions.apply(shop, 1n).changes);
  const other = { ...shop, endpoints: shop.endpoints.map((fact) => ({ ...fact, identity: fact.identity + 700 })) };
  events.endpoints(versions.apply(other, 2n).changes);
  expect((await eventsOf(events)).filter((event) => event?.type === AgentEventType.IPCACHE_UPSERTED).map((event) => event?.ipcache_update)).toEqual([
    { cidr: '10.0.1.5/32', identity: 1000, old_identity: { value: 300 }, namespace: 'shop', pod_name: 'web' },
    { cidr: 'fd00::5/128', identity: 1000, old_identity: { value: 300 }, namespace: 'shop', pod_name: 'web' },
  ]);
  expect(events.takeChanges()).toMatchObject([{ kind: 'identity-changed', subject: 'shop/web', old_identity: 300, new_identity: 1000 }]);
});
