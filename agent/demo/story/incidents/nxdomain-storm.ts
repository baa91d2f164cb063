import { UDP } from '../flow-shapes.ts';
import { freshPort, latency } from '../healthy.ts';
import { tellReplacement } from '../healthy-noise.ts';
import { tellLookup } from '../l7-records.ts';
import type { Scene } from '../scene.ts';
import type { Story } from '../story.ts';
import type { StoryEnd } from '../story-cluster.ts';

/** A host name without a dot behind it, and what a resolver's search path makes of it. */
const host = 'mailhub';
const names = [`${host}.payments.svc.cluster.local.`, `${host}.svc.cluster.local.`, `${host}.cluster.local.`, `${host}.`];
const noSuchName = 3;
/** Lookups of the whole name a second, of each pod. */
const perPod = 46;
const unansweredAge = 10;

/** A config change makes a service ask for a name that is none, hundreds of times a second. */
export const nxdomainStorm: Story = {
  name: 'nxdomain-storm',
  title: 'After a rollout payments/notifier asks for a name that does not exist, 368 times a second',
  seconds: 330,
  telling: {
    what: 'At 21:30:00Z both pods of payments/notifier are replaced: a rollout with another config. From then on they look mailhub up, 92 times a second; each time the search path makes four questions of it, and all four end in NXDOMAIN: 368 a second. From 21:30:10Z one of the two resolvers leaves some questions of others unanswered.',
    who: 'The pods are new; who changed the config the network cannot see.',
    cause: 'The new config names a mail host that does not exist in this cluster.',
    says: ['DNS payments/notifier: NXDOMAIN 368/s for mailhub since 21:30:00Z; folded by search path 92 lookups/s that all fail', 'began with the rollout of payments/notifier at 21:30:00Z', 'kube-dns: questions without an answer at one of two pods since 21:30:10Z'],
    notes: 'Questions and answers of the storm are folded: one line stands for 46.',
  },
  act(scene) {
    if (scene.age === 0) rollOut(scene);
    if (scene.age >= 0) for (const [index, pod] of scene.cluster.of('notifier').entries()) storm(scene, pod, index);
    if (scene.age >= unansweredAge) leaveUnanswered(scene);
  },
};

function rollOut(scene: Scene): void {
  for (const [index, old] of scene.cluster.of('notifier').entries()) {
    tellReplacement(scene, old, scene.cluster.replace(old, { podName: `notifier-9f27-${['hx4k', 'tq8w'][index] ?? index}` }));
  }
}

function storm(scene: Scene, client: StoryEnd, index: number): void {
  const resolvers = scene.cluster.of('kube-dns');
  const server = resolvers[index % resolvers.length];
  if (server === undefined) return;
  const link = { client, server, clientPort: 0, port: 53, protocol: UDP };
  for (const [step, name] of names.entries()) {
    tellLookup(scene, link, { atMs: scene.atMs + 960 + index * 3 + step * 0.4, latencyMs: latency(scene.random, 0.9, 6), name, type: 'A', ips: [], rcode: noSuchName, weight: perPod });
  }
}

/** The resolver that has most to do drops the questions of others. */
function leaveUnanswered(scene: Scene): void {
  const server = scene.cluster.of('kube-dns').at(-1);
  const [client, other] = [scene.cluster.one('checkout-api'), scene.cluster.one('sanctions-svc')];
  if (server === undefined) return;
  const name = 'ledger-svc.payments.svc.cluster.local.';
  tellLookup(scene, { client, server, clientPort: freshPort(scene.random), port: 53, protocol: UDP }, { atMs: scene.atMs + 330, latencyMs: undefined, name, type: 'A', ips: [], rcode: 0 });
  if (scene.age % 3 === 0) {
    tellLookup(scene, { client: other, server, clientPort: freshPort(scene.random), port: 53, protocol: UDP }, { atMs: scene.atMs + 710, latencyMs: undefined, name: 'api.acquirer.example.com.', type: 'A', ips: [], rcode: 0 });
  }
}
