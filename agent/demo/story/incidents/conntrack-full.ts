import { DropReason, TraceReason } from '../../../../src/wire/gen/flow.ts';
import { countTraffic, tellDrop, tellPacket } from '../conversations.ts';
import { TCP, UDP } from '../flow-shapes.ts';
import { freshPort, pick } from '../healthy.ts';
import { conntrackMax, kernelConntrackMax } from '../node-gauges.ts';
import type { Scene } from '../scene.ts';
import type { Story } from '../story.ts';
import { wholeShares } from '../whole-shares.ts';

const node = 'node-03';
const calmFill = 0.58;
/** A second; 2 % a minute in the story behind it. */
const growth = 0.0048;
const fullFill = 0.915;
const fullAge = Math.ceil((fullFill - calmFill) / growth);
const dropAge = fullAge + 6;
const evictedPerSecond = 900;
const failedPerSecond = 37;
const opensPerSecond = 420;
const dropsPerSecond = 8;

/** A node's conntrack fills up with short UDP flows until new ones find no room. */
export const conntrackFull: Story = {
  name: 'conntrack-full',
  title: 'The conntrack of node-03 fills with UDP:53 of batch/resizer until inserts fail',
  seconds: 345,
  telling: {
    what: 'The conntrack of node-03 stands at 58 %. From 21:30:00Z it fills by 0.5 % a second: 80 % at 21:30:46Z, 91 % at 21:31:11Z. From there on the kernel evicts 900 entries a second and fails to insert 37; from 21:31:17Z packets are dropped: CT_MAP_INSERTION_FAILED.',
    who: 'Pod batch/resizer on node-03 opens 420 UDP flows a second to kube-system/kube-dns:53.',
    cause: 'Each lookup from a fresh port is an entry that stays for a minute. The table is full because of them, not because of traffic that matters.',
    says: ['CT node-03 conntrack 80 % and rising, full in about 25 s; later 91 % with 900 evictions a second and failed inserts', 'busiest opener: batch/resizer → kube-system/kube-dns:53/UDP, 420 new a second', 'DROPS batch/resizer → kube-system/kube-dns:53 CT_MAP_INSERTION_FAILED since 21:31:17Z: capacity, no policy'],
    notes: 'In the story behind it the table fills by 2 % a minute. Most lookups are folded: one line stands for about a hundred.',
  },
  act(scene) {
    fill(scene);
    if (scene.age >= 0) open(scene);
    if (scene.age >= dropAge) refuse(scene);
  },
};

function fill(scene: Scene): void {
  const gauges = scene.gauges(node);
  const wobble = 0.004 * scene.random();
  const share = Math.min(fullFill, calmFill + Math.max(0, scene.age) * growth) + wobble;
  gauges.conntrackEntries = Math.round(conntrackMax * share);
  gauges.kernelEntries = Math.round(kernelConntrackMax * share);
  if (scene.age < fullAge) return;
  gauges.conntrackEvicted = evictedPerSecond + Math.round(60 * wobble / 0.004);
  gauges.kernelInsertFailed += failedPerSecond;
  gauges.kernelDrop += failedPerSecond;
  gauges.kernelEarlyDrop += 11;
}

function open(scene: Scene): void {
  const resizer = scene.cluster.of('resizer').find((pod) => pod.node === node) ?? scene.cluster.one('resizer');
  const resolvers = scene.cluster.of('kube-dns');
  for (const [index, opens] of wholeShares(opensPerSecond, resolvers.length * 2).entries()) {
    const server = resolvers[index % resolvers.length] ?? scene.cluster.one('kube-dns');
    const link = { client: resizer, server, clientPort: 0, port: 53, protocol: UDP };
    countTraffic(scene, link, { sent: opens * 44, received: opens * 120, connections: opens });
    tellPacket(scene, link, { side: 'client', atMs: scene.atMs + 990 + index * 0.02, isReply: false, flags: [], reason: TraceReason.NEW, why: 'new', weight: opens, bytes: 86 });
  }
}

/** Half of the packets without room are the resizer's own, the others belong to whoever shares the node. */
function refuse(scene: Scene): void {
  const resizer = scene.cluster.of('resizer').find((pod) => pod.node === node) ?? scene.cluster.one('resizer');
  const server = pick(scene.cluster.of('kube-dns'), scene.random) ?? resizer;
  for (let i = 0; i < dropsPerSecond; i++) {
    const link = { client: resizer, server, clientPort: freshPort(scene.random), port: 53, protocol: UDP };
    tellDrop(scene, link, { side: 'client', atMs: scene.atMs + 40 + i * 110, reason: DropReason.CT_MAP_INSERTION_FAILED });
  }
  const neighbour = scene.cluster.of('refund-svc').find((pod) => pod.node === node);
  if (neighbour === undefined) return;
  const link = { client: neighbour, server: scene.cluster.one('postgres-primary'), clientPort: freshPort(scene.random), port: 5_432, protocol: TCP };
  tellDrop(scene, link, { side: 'client', atMs: scene.atMs + 505, reason: DropReason.CT_MAP_INSERTION_FAILED });
}
