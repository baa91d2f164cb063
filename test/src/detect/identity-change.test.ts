import { expect, test } from 'vitest';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { AgentEvents } from '../../../agent/server/agent-events.ts';
import { update } from '../../../src/control/update.ts';
import { explainDrop } from '../../../src/detect/explain-drop.ts';
import type { Explanation } from '../../../src/detect/explanation.ts';
import { figures } from '../../../src/model/figures.ts';
import { timestampOf } from '../../../src/model/time.ts';
import { ReportMerge } from '../../../src/relay/merge/report-merge.ts';
import { type Change, ReportCodec } from '../../../src/wire/gen/hubtop.ts';
import { endpoint, type FakeTalk, flowOf, framed, joined, reportOf } from '../app/fake-cluster.ts';
import { emptyScene, START_MS } from '../views/scenes.ts';

const talk: FakeTalk = { from: 'payments/rewards', to: 'payments/ledger-svc', port: 9090, protocol: 6, perSecond: 7, bytes: 4_000 };
const DROPPED_FROM = 70;

/** What an agent tells of a pod whose label changes, and the pod's numbers before and after. */
function relabelled(nodeName: string, atMs: number): { changes: Change[]; before: number; after: number } {
  const versions = new EndpointVersions(nodeName);
  const events = new AgentEvents(nodeName);
  const { namespace, pod_name: name } = endpoint(talk.from);
  const take = (team: string, timeMs: number): number => {
    const catalog = catalogFromObjects([{ kind: 'Pod', metadata: { name, namespace, uid: 'u', labels: { app: 'rewards', team } }, spec: { nodeName, containers: [] }, status: { phase: 'Running', podIPs: [{ ip: '10.0.1.7' }] } }]);
    events.endpoints(versions.apply(catalog, BigInt(timeMs) * 1_000_000n).changes);
    return versions.at('10.0.1.7').endpoint.identity ?? 0;
  };
  const before = take('ledger', START_MS);
  const after = take('core', atMs);
  return { changes: events.takeChanges(), before, after };
}

/** A pair that works until its client gets another identity, which nobody lets in: told by an agent, merged by a relay, shown by a dashboard. */
function explainedAt(relabelAt: number): { told: Explanation; before: number; after: number } {
  const { changes, before, after } = relabelled('node-01', START_MS + relabelAt * 1000);
  const state = emptyScene();
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  for (let second = 0; second < DROPPED_FROM + 20; second++) {
    const timeMs = START_MS + (second + 1) * 1000;
    const isDropped = second >= DROPPED_FROM;
    const now = isDropped ? { ...talk, drop: 133 } : talk;
    const relay = new ReportMerge();
    relay.add('node-01', { ...reportOf(second, timeMs, { talks: [now] }), changes: second === relabelAt ? changes : [] });
    update(state, { type: 'tick', nowMs: timeMs });
    update(state, { type: 'telemetry', report: ReportCodec.decode(ReportCodec.encode(relay.take(timestampOf(timeMs)))) });
    const source = { ...endpoint(talk.from), identity: second >= relabelAt ? after : before };
    const flows = [framed({ ...flowOf(now, timeMs - 5), source }), ...(isDropped ? [] : [framed({ ...flowOf(now, timeMs - 4, { isReply: true }), destination: source })])];
    update(state, { type: 'flows', bytes: joined(flows) });
  }
  const drop = figures(state).drops[0];
  if (drop === undefined) throw new Error('nothing was dropped');
  return { told: explainDrop(state, drop), before, after };
}

test('a label that changes is told by its agent with both numbers, and explains the denials right after', () => {
  const { told, before, after } = explainedAt(DROPPED_FROM - 2);
  expect(after).not.toBe(before);
  expect(told.causes).toMatchObject([{
    kind: 'identity', isCertain: true, identity: after, timeMs: START_MS + (DROPPED_FROM - 2) * 1000,
    text: expect.stringMatching(new RegExp(`^payments/rewards got identity ${after} after ${before}.*: team=ledger is now team=core$`)) as string,
    reason: expect.stringContaining('what is refused carries it') as string,
  }]);
});
