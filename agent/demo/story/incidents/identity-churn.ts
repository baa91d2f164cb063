import { DropReason, TraceReason, TrafficDirection } from '../../../../src/wire/gen/flow.ts';
import type { Refusal } from '../../../../src/wire/gen/hubtop.ts';
import { countAttempt, tellDrop, tellPacket } from '../conversations.ts';
import { TCP } from '../flow-shapes.ts';
import { freshPort } from '../healthy.ts';
import { postgresIngress } from '../healthy-policies.ts';
import type { Scene } from '../scene.ts';
import type { Story } from '../story.ts';
import type { StoryEnd } from '../story-cluster.ts';

const port = 5_432;
const newIdentity = 58_213;
/** So long the policy maps do not know the new identity. */
const healSeconds = 20;

const refusal: Refusal = {
  selecting: [postgresIngress],
  closest: { policy: postgresIngress, rule: 'spec.ingress[0]', misses: [`identity ${newIdentity} is not among those the rule was resolved to`] },
  direction: TrafficDirection.INGRESS,
  revision: 23,
};

/** A label is changed, every pod of the workload gets a new identity, and for a while nobody lets it in. */
export const identityChurn: Story = {
  name: 'identity-churn',
  title: 'A label of ledger-svc changes: new identity, denied at postgres for 20 s, then healed',
  seconds: 330,
  telling: {
    what: 'At 21:30:00Z label team of the pods of payments/ledger-svc changes from ledger to payments-core; all three get identity 58213. From 21:30:00Z to 21:30:20Z payments/postgres-primary:5432 drops what they send (POLICY_DENIED), then the policy maps know the new identity and all is well.',
    who: 'Field manager kubectl-label.',
    cause: 'An identity is a hash of labels. The allow rule of payments/postgres-ingress still fits the labels, but the datapath knew it by the old number.',
    says: ['IDENTITY payments/ledger-svc: 3 pods changed identity at 21:30:00Z, label team', 'DROPS payments/ledger-svc → payments/postgres-primary:5432 from 21:30:00Z to 21:30:20Z, all from the new identity 58213', 'healed by itself; the policy did not change'],
  },
  adjust: (row, { age }) => (age >= 0 && age < healSeconds && row.kind === 'connect' && row.from === 'ledger-svc' ? undefined : row),
  act(scene) {
    if (scene.age === 0) for (const pod of scene.cluster.of('ledger-svc')) relabel(scene, pod);
    if (scene.age >= 0 && scene.age < healSeconds) deny(scene);
  },
};

function relabel(scene: Scene, pod: StoryEnd): void {
  const labels = (pod.endpoint.labels ?? []).map((label) => (label.startsWith('k8s:team=') ? 'k8s:team=payments-core' : label));
  const before = pod.endpoint.identity ?? 0;
  scene.cluster.relabel(pod, labels, newIdentity);
  scene.change({
    node: pod.node, atMs: scene.atMs + 31, kind: 'identity-changed', subject: pod.name, detail: `${before} to ${newIdentity}: team=ledger is now team=payments-core`,
    who: 'kubectl-label', old_identity: before, new_identity: newIdentity,
  });
}

function deny(scene: Scene): void {
  const server = scene.cluster.one('postgres-primary');
  for (const [index, client] of scene.cluster.of('ledger-svc').entries()) {
    const link = { client, server, clientPort: freshPort(scene.random), port, protocol: TCP };
    const atMs = scene.atMs + 90 + 240 * index;
    countAttempt(scene, link, 1);
    tellPacket(scene, link, { side: 'client', atMs, isReply: false, flags: ['SYN'], reason: TraceReason.NEW, why: 'new' });
    tellDrop(scene, link, { side: 'server', atMs: atMs + 0.3, reason: DropReason.POLICY_DENIED, refusal });
    if (index === scene.age % 3) tellDrop(scene, link, { side: 'server', atMs: atMs + 200.3, reason: DropReason.POLICY_DENIED, flags: ['PSH', 'ACK'], refusal });
  }
}
