import type { FakeStockRelay } from '../relay/fake-stock-relay.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { flowOf, NODES, random, TALKS } from './fake-cluster.ts';

/** Flows of a tenth of a second of the payments cluster as Cilium's agents report them: a new connection at both ends, with its policy verdict. */
export function stockFlows(tenth: number, nowMs: number): Flow[] {
  const next = random(tenth + 7);
  const flows: Flow[] = [];
  for (const [i, talk] of TALKS.entries()) {
    if (next() > talk.perSecond / 10) continue;
    const more = { sourcePort: 30_000 + Math.floor(next() * 9_999), node: NODES[i % 12] ?? '' };
    const timeMs = nowMs - Math.floor(next() * 90);
    const flow = flowOf(talk, timeMs, more);
    if (talk.drop !== undefined) {
      // a kernel's own drop is nothing that Hubble knows of
      if (typeof talk.drop === 'number') flows.push(flow, { ...flow, uuid: `${flow.uuid}v`, event_type: { type: 5, sub_type: 0 }, policy_match_type: 0 });
      continue;
    }
    if (talk.protocol === 6) flows.push(answer(flowOf(talk, timeMs + 1, { ...more, isReply: true })));
    const allowed = { name: `allow-${talk.to.split('/')[1] ?? ''}`, namespace: talk.to.split('/')[0] ?? '', kind: 'CiliumNetworkPolicy', revision: 40n };
    flows.push(
      { ...flow, uuid: `${flow.uuid}v`, event_type: { type: 5, sub_type: 0 }, policy_match_type: 2, egress_allowed_by: [allowed] },
      flow,
      { ...flowOf(talk, timeMs, { ...more, node: NODES[(i + 5) % 12] ?? '', isAtServer: true }), event_type: { type: 4, sub_type: 0 }, trace_observation_point: 101 },
    );
  }
  const resetting = TALKS.find((talk) => talk.resetEveryS !== undefined);
  if (resetting !== undefined && tenth % 40 === 0) flows.push(flowOf(resetting, nowMs, { isReset: true, node: NODES[3] ?? '' }));
  return flows;
}

// the SYN-ACK as the client's node reports it
function answer(flow: Flow): Flow {
  const tcp = flow.l4?.TCP;
  return { ...flow, l4: { TCP: { ...tcp, flags: { SYN: true, ACK: true } } }, Summary: 'TCP Flags: SYN, ACK', traffic_direction: 1, event_type: { type: 4, sub_type: 0 }, trace_observation_point: 101, trace_reason: 3 };
}

/** Sends such flows ten times a second; gives the way to end it. */
export function playStockTraffic(relay: FakeStockRelay): () => void {
  let tenth = 0;
  const timer = setInterval(() => relay.send(...stockFlows(tenth++, Date.now())), 100);
  return () => clearInterval(timer);
}
