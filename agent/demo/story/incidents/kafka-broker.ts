import { DropReason, TrafficDirection } from '../../../../src/wire/gen/flow.ts';
import type { Refusal } from '../../../../src/wire/gen/hubtop.ts';
import { tellDrop } from '../conversations.ts';
import { TCP } from '../flow-shapes.ts';
import { freshPort } from '../healthy.ts';
import { collectorEgress } from '../healthy-policies.ts';
import type { Scene } from '../scene.ts';
import type { Story } from '../story.ts';
import type { StoryEnd } from '../story-cluster.ts';
import { wholeShares } from '../whole-shares.ts';

const port = 9_092;
/** In real life 40 minutes pass before producers get partitions of the new broker. */
const scaleOutAge = -120;
/** Drops a second, by seconds since the first; the last goes on. */
const ramp = [1_400, 2_800, 4_200];
const foldedPerPod = 3;

const refusal: Refusal = {
  selecting: [collectorEgress],
  closest: { policy: collectorEgress, rule: 'spec.egress[1]', misses: ['label app=kafka-broker-3 is none of kafka-broker-1, kafka-broker-2'] },
  direction: TrafficDirection.EGRESS,
  revision: 17,
};

/** A broker is added, and the collectors' policy does not know it. */
export const kafkaBroker: Story = {
  name: 'kafka-broker',
  title: 'kafka-broker-3 was added, and the policy of ingest-collector lists brokers 1 and 2 only: 4,200 drops/s',
  seconds: 330,
  telling: {
    what: 'Pod ingest/kafka-broker-3-0 appears at 21:28:00Z. From 21:30:00Z on producers use it, and every SYN from ingest/ingest-collector to ingest/kafka-broker-3:9092 is dropped at the collector: POLICY_DENIED, 1,400/s at first, 4,200/s from 21:30:02Z.',
    who: 'Nobody changed the policy: its last change is 44 days old (helm). What changed is the endpoint.',
    cause: 'CiliumNetworkPolicy ingest/collector-egress (revision 17) lists kafka-broker-1 and kafka-broker-2; it was written before the scale-out.',
    says: [
      'DROPS ingest/ingest-collector → ingest/kafka-broker-3:9092 4,200/s since 21:30:00Z, POLICY_DENIED, default deny at the source (egress)',
      'kafka-broker-3 was added 2 minutes before the first drop; brokers 1 and 2 are allowed by the same policy',
      'closest rule: spec.egress[1], which misses label app=kafka-broker-3 is none of kafka-broker-1, kafka-broker-2',
    ],
    notes: 'In the story behind it 40 minutes lie between scale-out and drops; here it is 2. Most drops are folded: one line stands for hundreds (`aggregate`), and the sums are exact.',
  },
  prepare: (cluster) => { for (const broker of cluster.of('kafka-broker-3')) cluster.remove(broker); },
  // nobody produces to the new broker in vain and in good order at the same time
  adjust: (row) => ('to' in row && row.to === 'kafka-broker-3' ? undefined : row),
  act(scene) {
    if (scene.age === scaleOutAge) scaleOut(scene);
    if (scene.age >= 0) deny(scene, scene.cluster.one('kafka-broker-3'));
  },
};

function scaleOut(scene: Scene): void {
  const broker = scene.cluster.before('kafka-broker-3');
  scene.cluster.restore(broker);
  scene.change({ node: broker.node, atMs: scene.atMs + 350, kind: 'endpoint-added', subject: broker.name, detail: broker.ip, who: 'unknown' });
}

function deny(scene: Scene, server: StoryEnd): void {
  const collectors = scene.cluster.of('ingest-collector');
  const total = ramp[Math.min(scene.age, ramp.length - 1)] ?? 0;
  const folded = wholeShares(total - collectors.length, collectors.length * foldedPerPod);
  for (const [index, client] of collectors.entries()) {
    const link = { client, server, clientPort: freshPort(scene.random), port, protocol: TCP };
    tellDrop(scene, link, { side: 'client', atMs: scene.atMs + 70 + 210 * index, reason: DropReason.POLICY_DENIED, refusal });
    for (let i = 0; i < foldedPerPod; i++) {
      tellDrop(scene, { ...link, clientPort: 0 }, { side: 'client', atMs: scene.atMs + 990 + i * 0.02, reason: DropReason.POLICY_DENIED, weight: folded[index * foldedPerPod + i] ?? 0, refusal });
    }
  }
}
