import { DropReason, TraceReason } from '../../../../src/wire/gen/flow.ts';
import { countAttempt, tellDrop, tellPacket } from '../conversations.ts';
import { TCP } from '../flow-shapes.ts';
import { freshPort } from '../healthy.ts';
import { tellReplacement } from '../healthy-noise.ts';
import type { HealthyRow } from '../healthy-rows.ts';
import type { Scene } from '../scene.ts';
import type { Story } from '../story.ts';

const port = 5_432;
const newNode = 'node-02';
/** TCP tries again after 1 s, then 2, then 4. */
const repeatsMs = [0, 1_000, 3_000];

/** The database moves, refund-svc keeps its old address, and refunds take seconds or fail. */
export const refundLatency: Story = {
  name: 'refund-latency',
  title: 'POST /v1/payments/refund goes from 25 ms to 4.9 s with 5xx: refund-svc loses its SYNs to postgres-primary',
  seconds: 340,
  telling: {
    what: 'At 21:30:00Z payments/postgres-primary-0 is moved to node-02 and gets another address. payments/refund-svc goes on connecting to the old one: its SYNs are dropped where they leave (STALE_OR_UNROUTABLE_IP). POST /v1/payments/refund, p99 25 ms before, takes up to 4.9 s, and half of the answers are 503 or 504.',
    who: 'The pod was moved; flows do not say by whom.',
    cause: 'refund-svc resolved the address once at its start. Every other client of the database connects to the new one and is well.',
    says: ['L7 POST /v1/payments/refund on payments/refund-svc: p99 25 ms → 4.9 s, 5xx 0 → 50 % since 21:30:00Z', 'linked: payments/refund-svc → payments/postgres-primary:5432 loses its SYNs since 21:30:00Z, STALE_OR_UNROUTABLE_IP, nobody answers', 'began with the move of payments/postgres-primary-0 (endpoint removed and added)'],
  },
  adjust: (row, { age }) => (age < 0 ? row : slowed(row)),
  act(scene) {
    if (scene.age === 0) move(scene);
    if (scene.age >= 0) knock(scene);
  },
};

function slowed(row: HealthyRow): HealthyRow | undefined {
  if (row.kind === 'connect' && row.from === 'refund-svc') return undefined;
  if (row.kind !== 'route' || row.path !== '/v1/payments/refund') return row;
  return { ...row, middleMs: 1_900, tailMs: 5_500, ceilingMs: 4_930, others: [[503, 0.38], [504, 0.12]] };
}

function move(scene: Scene): void {
  const old = scene.cluster.one('postgres-primary');
  tellReplacement(scene, old, scene.cluster.replace(old, { podName: old.endpoint.pod_name ?? '', node: newNode }));
}

function knock(scene: Scene): void {
  for (const [index, client] of scene.cluster.of('refund-svc').entries()) {
    const link = { client, server: scene.cluster.before('postgres-primary'), clientPort: freshPort(scene.random), port, protocol: TCP };
    for (const [attempt, afterMs] of repeatsMs.entries()) {
      const atMs = scene.atMs + 150 + 380 * index + afterMs;
      if (attempt === 0) countAttempt(scene, link, 1);
      tellPacket(scene, link, { side: 'client', atMs, isReply: false, flags: ['SYN'], reason: TraceReason.NEW, why: attempt === 0 ? 'new' : 'flags' });
      tellDrop(scene, link, { side: 'client', atMs: atMs + 0.05, reason: DropReason.STALE_OR_UNROUTABLE_IP });
    }
  }
}
