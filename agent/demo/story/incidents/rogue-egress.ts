import { tellConnection, countTraffic, tellPacket } from '../conversations.ts';
import { type Link, TCP } from '../flow-shapes.ts';
import type { Scene } from '../scene.ts';
import type { Story } from '../story.ts';

const address = '198.51.100.77';
const port = 443;
const firstBytes = 30_000;
/** More a second, each second. */
const growthBytes = 40_000;
/** Played on, it grows no longer. */
const growthSeconds = 300;
const connectSeconds = 10;
const keptMs = 60_000;

/** A pod of the card vault talks to the world, which it never did. */
export const rogueEgress: Story = {
  name: 'rogue-egress',
  title: 'payments/cardholder (pci=true) sends ever more to 198.51.100.77:443, which it never talked to',
  seconds: 330,
  telling: {
    what: 'At 21:30:00Z a pod of payments/cardholder (label pci=true) opens its first connection ever to the world: 198.51.100.77:443. It sends 30 KB in the first second and 40 KB more in each that follows, about 3.6 MB/s at the end.',
    who: 'One of the two pods of payments/cardholder. No policy and no object changed; no DNS question came before it.',
    cause: 'No policy selects cardholder for egress, so nothing stops it. Whether it is theft, or somebody\'s new backup, flows cannot tell.',
    says: ['EGRESS payments/cardholder → world 198.51.100.77:443, a pair that was never seen before 21:30:00Z, and rising', 'the address was never looked up: no DNS name is known for it', 'allowed because no policy selects payments/cardholder for egress'],
  },
  act(scene) {
    if (scene.age >= 0) send(scene);
  },
};

function linkOf(scene: Scene, number: number): Link {
  return { client: scene.cluster.one('cardholder'), server: scene.cluster.world(address), clientPort: 52_100 + 2 * number, port, protocol: TCP };
}

function send(scene: Scene): void {
  const { age } = scene;
  const link = linkOf(scene, Math.floor(age / connectSeconds));
  if (age % connectSeconds === 0) tellConnection(scene, link, { atMs: scene.atMs + 55, lifeMs: keptMs, sent: 500, received: 4_200 });
  const sent = firstBytes + growthBytes * Math.min(age, growthSeconds);
  countTraffic(scene, link, { sent, received: 900 });
  tellPacket(scene, link, { side: 'client', atMs: scene.atMs + 870, isReply: false, flags: ['PSH', 'ACK'], why: 'interval', bytes: sent });
  tellPacket(scene, link, { side: 'client', atMs: scene.atMs + 889, isReply: true, flags: ['ACK'], why: 'interval', bytes: 900 });
}
