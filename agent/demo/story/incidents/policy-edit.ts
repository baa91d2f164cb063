import { DropReason, TraceReason, TrafficDirection } from '../../../../src/wire/gen/flow.ts';
import type { Refusal } from '../../../../src/wire/gen/hubtop.ts';
import { countAttempt, tellDrop, tellPacket } from '../conversations.ts';
import { TCP } from '../flow-shapes.ts';
import { freshPort, keptLink } from '../healthy.ts';
import { chatRelayIngress } from '../healthy-policies.ts';
import type { Scene } from '../scene.ts';
import type { Story } from '../story.ts';

const port = 50_051;
/** Policies need this long to reach the datapath. */
const delaySeconds = 8;
const editMs = 412;
const edited = { ...chatRelayIngress, revision: 42n };
const detail = 'spec.ingress[0].from[0].podSelector: app=commentary-fanout is now app=commentary-api';

const refusal: Refusal = {
  selecting: [edited],
  closest: { policy: edited, rule: 'spec.ingress[0]', misses: ['label app=commentary-fanout is not app=commentary-api'] },
  direction: TrafficDirection.INGRESS,
  revision: 42,
};

/** A colleague edits a NetworkPolicy, and 8 s later the commentary does not reach the chat any more. */
export const policyEdit: Story = {
  name: 'policy-edit',
  title: 'A NetworkPolicy is edited, 8 s later commentary-fanout is denied at chat-relay',
  seconds: 340,
  telling: {
    what: 'NetworkPolicy default/chat-relay-ingress is edited at 21:30:00Z (revision 41 to 42). From 21:30:08Z on every packet from default/commentary-fanout to default/chat-relay:50051 is dropped at chat-relay: POLICY_DENIED, a default deny.',
    who: 'Field manager kubectl-edit, operation Update.',
    cause: 'The rule that let app=commentary-fanout in now asks for app=commentary-api. Up to revision 41 the same pair was allowed by this policy.',
    says: [
      'DROPS default/commentary-fanout → default/chat-relay:50051 since 21:30:08Z, 8 s after default/chat-relay-ingress revision 42 by kubectl-edit',
      'default deny at the destination (ingress); the pair was allowed by this policy before',
      'closest rule: spec.ingress[0], which misses label app=commentary-fanout is not app=commentary-api',
    ],
  },
  adjust: (row, { age }) => (age >= delaySeconds && row.from === 'commentary-fanout' && 'to' in row && row.to === 'chat-relay' ? undefined : row),
  act(scene) {
    if (scene.age === 0) edit(scene);
    if (scene.age >= delaySeconds) deny(scene);
  },
};

function edit(scene: Scene): void {
  const changedMs = scene.atMs + editMs;
  const { node } = scene.cluster.one('chat-relay');
  scene.change({ node, atMs: changedMs, kind: 'policy-changed', subject: 'default/chat-relay-ingress', detail, who: 'kubectl-edit', policy: edited });
  scene.setPolicy({ policy: edited, who: 'kubectl-edit', operation: 'Update' }, changedMs);
}

/** The client tries again and again: new connections whose SYNs are repeated, and what was on its way in the old one. */
function deny(scene: Scene): void {
  const [client, server] = [scene.cluster.one('commentary-fanout'), scene.cluster.one('chat-relay')];
  const link = { client, server, clientPort: freshPort(scene.random), port, protocol: TCP };
  for (const atMs of [scene.atMs + 120, scene.atMs + 640]) {
    countAttempt(scene, link, atMs < scene.atMs + 500 ? 1 : 0);
    tellPacket(scene, link, { side: 'client', atMs, isReply: false, flags: ['SYN'], reason: TraceReason.NEW, why: 'new' });
    tellDrop(scene, link, { side: 'server', atMs: atMs + 0.3, reason: DropReason.POLICY_DENIED, refusal });
  }
  if (scene.age % 2 === 0) tellDrop(scene, keptLink(client, server, port), { side: 'server', atMs: scene.atMs + 810, reason: DropReason.POLICY_DENIED, flags: ['PSH', 'ACK'], refusal });
}
