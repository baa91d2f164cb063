import { Verdict } from '../../../../src/wire/gen/flow.ts';
import { pairOf } from '../conversations.ts';
import { TCP } from '../flow-shapes.ts';
import { ringBytes } from '../node-gauges.ts';
import type { Scene } from '../scene.ts';
import type { Story } from '../story.ts';
import { wholeShares } from '../whole-shares.ts';

const node = 'node-05';
const usualEvents = 8_000;
const burstEvents = 200_000;
/** What the ring had no room for, second by second: 148,000 in all. */
const lost = [14_000, 67_000, 67_000];
const folded = [26_000, 33_000, 33_000];
/** Played on, it comes again after so many seconds; a recording ends before. */
const againSeconds = 120;
const cpus = 4;
const eventsPerConnection = 5;
const bytesPerConnection = 9_600;
const packetsPerConnection = 14;

/** A node has more events than its ring holds, for three seconds. */
export const ringBurst: Story = {
  name: 'ring-burst',
  title: 'node-05 has 200,000 events a second for 3 s, and 148,000 of them are lost in its ring',
  seconds: 330,
  telling: {
    what: 'node-05 has 8,000 events a second all the time. From 21:30:00Z to 21:30:03Z it has 200,000: 148,000 find no room in the kernel\'s ring, 92,000 are folded into sums, the rest is reported. Then it is quiet again.',
    who: 'Devices of the world that connect to ingest/ingest-collector:8090 all at once.',
    cause: 'The ring of node-05 is too small for this burst. No packet was dropped: it is the observation that has a hole, not the traffic.',
    says: ['BLIND node-05: 148,000 events lost in the kernel\'s ring between 21:30:00Z and 21:30:03Z; what is counted from flows of these seconds is a lower bound', 'no drops: verdicts are exact, they are counted in the kernel', 'happened = reported + folded + lost in each second'],
    notes: 'The flows in the file are a sample of those of node-05, as a client gets that asks for a part; telemetry has the sums. That is why 8,000 a second do not stand in it line by line.',
  },
  act(scene) {
    const burst = scene.age >= 0 ? lost.findIndex((_, i) => i === scene.age % againSeconds) : -1;
    if (burst < 0) usual(scene);
    else overflow(scene, { lost: lost[burst] ?? 0, folded: folded[burst] ?? 0 });
  },
};

function usual(scene: Scene): void {
  const events = Math.round(usualEvents * (0.98 + 0.04 * scene.random()));
  connections(scene, events);
  scene.unseen(node, { kind: 'trace', verdict: Verdict.FORWARDED, reported: events, folded: 0, lost: 0 });
}

function overflow(scene: Scene, hole: { lost: number; folded: number }): void {
  const gauges = scene.gauges(node);
  gauges.ringPeakBytes = [gauges.ringPeakBytes[0], ringBytes[1]];
  gauges.cpuNs = 410_000_000;
  connections(scene, burstEvents);
  scene.unseen(node, { kind: 'trace', verdict: Verdict.FORWARDED, reported: burstEvents - hole.lost - hole.folded, ...hole });
  for (const [cpu, count] of wholeShares(hole.lost, cpus).entries()) scene.tellLoss(node, { atMs: scene.atMs + 996 + cpu * 0.2, cpu, count, firstMs: scene.atMs + 300 });
}

/** What the events are about. */
function connections(scene: Scene, events: number): void {
  const server = scene.cluster.of('ingest-collector').find((pod) => pod.node === node) ?? scene.cluster.one('ingest-collector');
  const link = { client: scene.cluster.world('203.0.113.24'), server, clientPort: 0, port: 8_090, protocol: TCP };
  const count = Math.round(events / eventsPerConnection);
  const skbs = count * packetsPerConnection;
  const bytes = count * bytesPerConnection;
  scene.count({
    node, pair: pairOf(link), side: 'ingress',
    volume: { skbs, segments: skbs, bytes, reply_skbs: count * 6, reply_segments: count * 6, reply_bytes: count * 690, connections: count, flows: events },
  });
}
