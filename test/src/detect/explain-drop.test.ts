import { beforeAll, describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { findings } from '../../../src/detect/findings.ts';
import { explainDrop } from '../../../src/detect/explain-drop.ts';
import type { Explanation } from '../../../src/detect/explanation.ts';
import { figures, type DropFigure } from '../../../src/model/figures.ts';
import { pairText } from '../../../src/model/pair-text.ts';
import type { State } from '../../../src/model/state.ts';
import type { Flow, Policy } from '../../../src/wire/gen/flow.ts';
import type { Change, Refusal, Report } from '../../../src/wire/gen/hubtop.ts';
import { flowOf, framed, joined, reportOf, TALKS, type FakeTalk } from '../app/fake-cluster.ts';
import { busyScene, emptyScene, gapScene, START_MS, stockScene } from '../views/scenes.ts';
import { storyScene } from './story-scene.ts';

const INCIDENT_SECONDS = 270;

function dropOf(state: State, words: string): DropFigure {
  const found = figures(state).drops.find((drop) => pairText(drop.pair).includes(words));
  if (found === undefined) throw new Error(`no drop of ${words}`);
  return found;
}

function explained(state: State, words: string): Explanation {
  return explainDrop(state, dropOf(state, words));
}

function textOf(explanation: Explanation): string {
  return JSON.stringify(explanation);
}

describe.each(['ours', 'stock'] as const)('explainDrop() of a policy that was edited, on a relay of kind %s', (relay) => {
  let told: Explanation;
  beforeAll(() => {
    told = explained(storyScene('policy-edit', { seconds: INCIDENT_SECONDS, relay }), 'chat-relay');
  });

  test('says what kind of refusal it is, and at which end', () => {
    expect(told.title).toBe('default deny at the destination (ingress)');
    expect(told.what).toBe('commentary-fanout may not open connections to chat-relay:50051');
    expect(told.words[0]).toBe('a policy selects chat-relay for ingress: what no rule allows is dropped');
    expect(told.says[0]).toMatch(/denied_by is EMPTY/);
  });

  test('tells before and after of the pair, with who allowed it', () => {
    expect(told.before).toMatch(/^21:(29:5\d|30:0\d)Z answered [\d.]+\/s, ALLOWED by default\/chat-relay-ingress$/);
    expect(told.after).toMatch(/^21:30:08Z DROPPED [\d.]+\/s$/);
  });

  test('names the edit only where somebody told of it', () => {
    if (relay === 'stock') {
      expect(told.causes).toEqual([]);
      expect(told.unknown.join('\n')).toContain('a Hubble relay does not say');
      expect(textOf(told)).not.toMatch(/kubectl-edit|rev 42/);
      return;
    }
    expect(told.words[1]).toBe('closest is spec.ingress[0] of default/chat-relay-ingress, but label app=commentary-fanout is not app=commentary-api');
    expect(told.causes).toMatchObject([{ kind: 'policy', isCertain: true, text: 'policy default/chat-relay-ingress rev 42 changed by kubectl-edit', reason: 'time fits, 8 s; the refusal names it' }]);
    expect(told.policies).toEqual([{ name: 'default/chat-relay-ingress', resource: 'netpol', role: 'selects it, allowed it before', change: 'rev 42, changed 21:30:00Z by kubectl-edit' }]);
    expect(told.next).toEqual(['kubectl -n default get netpol chat-relay-ingress -o yaml --show-managed-fields']);
    expect(told.undo).toBe('kubectl -n default edit netpol chat-relay-ingress');
  });

  test('gives the same drops as a hubble line without a filter for replies: drops have none', () => {
    expect(told.hubble).toBe('hubble observe --verdict DROPPED --drop-reason-desc POLICY_DENIED --from-namespace default --from-workload commentary-fanout --to-namespace default --to-workload chat-relay --to-port 50051 --follow');
  });
});

test('explainDrop() for whoever comes after the alert: the last change of what the refusal names is likely, never certain', () => {
  const state = storyScene('policy-edit', { from: 255, seconds: 310, relay: 'ours' });
  const told = explained(state, 'chat-relay');
  expect(told.before).toBe('dropped as soon as hubtop looked, 21:30:15Z: nothing is known of the time before');
  expect(told.causes).toMatchObject([{ kind: 'policy', isCertain: false, text: 'policy default/chat-relay-ingress rev 42 changed by kubectl-edit', reason: '15 s before hubtop came; the refusal names it' }]);
  expect(told.unknown).toEqual(['whether the pair worked before that']);
  expect(findings(state).find(({ subject }) => subject.includes('chat-relay'))).toMatchObject({ word: 'DROPS', cause: { isCertain: false } });
  expect(explained(storyScene('policy-edit', { from: 255, seconds: 290, relay: 'stock' }), 'chat-relay').causes).toEqual([]);
});

test('explainDrop() of a pod that is newer than the policy: nobody changed the policy', () => {
  const told = explained(storyScene('kafka-broker', { seconds: INCIDENT_SECONDS, relay: 'ours' }), 'kafka-broker-3');
  expect(told.title).toBe('default deny at the source (egress)');
  expect(told.before).toBe('the pair was never seen to work');
  expect(told.words).toContain('the same policy lets kafka-broker-1, kafka-broker-2 through');
  expect(told.causes).toMatchObject([{ kind: 'pod', isCertain: false, text: 'pod ingest/kafka-broker-3-0 came 2 min before the first drop', reason: 'policy ingest/collector-egress is older: last changed 44 days ago' }]);
  expect([told.undo, told.policies[0]?.change]).toEqual(['', 'rev 17, changed 44 days ago by helm']);
});

test('explainDrop() of an identity that changed: certain where it was told, likely where it was only seen', () => {
  const ours = explained(storyScene('identity-churn', { seconds: 250, relay: 'ours' }), 'postgres-primary');
  expect(ours.causes).toMatchObject([{ kind: 'identity', isCertain: true, identity: 58_213, reason: expect.stringContaining('what is refused carries it') }]);
  expect(ours.causes[0]?.text).toMatch(/^payments\/ledger-svc got identity 58213 after \d+ \(3 pods\) by kubectl-label: team=ledger is now team=payments-core$/);
  const stock = explained(storyScene('identity-churn', { seconds: 250, relay: 'stock' }), 'postgres-primary');
  expect(stock.causes).toMatchObject([{ kind: 'identity', isCertain: false, identity: 58_213 }]);
  expect(textOf(stock)).not.toContain('kubectl-label');
});

describe('explainDrop() claims no cause that the data does not bear', () => {
  test.each<[string, () => State]>([['busy', busyScene], ['gap', gapScene], ['stock', stockScene]])('%s: what was there before anybody looked has no cause', (_name, scene) => {
    const state = scene();
    for (const drop of figures(state).drops) {
      const told = explainDrop(state, drop);
      expect([told.causes, told.undo]).toEqual([[], '']);
      expect(told.unknown).toContain('what it began with: it was there before');
      expect(textOf(told)).not.toMatch(/LIKELY|time fits|default deny, no single rule/);
    }
  });

  test('a change of a policy that cannot select the pod is no cause, nor one that came too early, nor one of a pair that never worked', () => {
    const edit = (subject: string, second: number): Change => ({ time: { seconds: BigInt(START_MS / 1000 + second) }, kind: 'policy-changed', subject, who: 'kubectl', policy: { revision: 7n } });
    expect(explained(watch({ changes: [edit('elsewhere/rules', 62)] }), 'ledger-svc').causes).toEqual([]);
    expect(explained(watch({ changes: [edit('payments/rules', 1)], dropFrom: 140 }), 'ledger-svc').causes).toEqual([]);
    expect(explained(watch({ changes: [edit('payments/rules', 62)], worksUntil: 0 }), 'ledger-svc').causes).toEqual([]);
  });

  test('a change that fits in time but is not named by the refusal is likely, never certain', () => {
    const told = explained(watch({ changes: [{ time: { seconds: BigInt(START_MS / 1000 + 62) }, kind: 'policy-added', subject: 'payments/rules', who: 'kubectl', policy: { revision: 7n } }] }), 'ledger-svc');
    expect(told.causes).toMatchObject([{ kind: 'policy', isCertain: false, text: 'policy payments/rules rev 7 added by kubectl', reason: 'time fits, 9 s' }]);
  });

  test('two things that fit in time are two suspects', () => {
    const time = { seconds: BigInt(START_MS / 1000 + 62) };
    const policy = { name: 'rules', namespace: 'payments', kind: 'NetworkPolicy', revision: 7n };
    const changes: Change[] = [{ time, kind: 'policy-changed', subject: 'payments/rules', who: 'kubectl', policy }, { time, kind: 'identity-changed', subject: 'payments/rewards-cron-job-1', old_identity: 1_000, new_identity: 2_000 }];
    const told = explained(watch({ changes, refusal: { selecting: [policy], direction: 1 } }), 'ledger-svc');
    expect(told.causes.map(({ kind, isCertain }) => [kind, isCertain])).toEqual([['policy', false], ['identity', false]]);
  });

  test('allowed_by of a dropped flow is quoted and never blamed', () => {
    const allowed: Policy = { name: 'web', namespace: 'payments', kind: 'CiliumNetworkPolicy', revision: 3n };
    const state = watch({ flow: { event_type: { type: 5 }, egress_allowed_by: [allowed], traffic_direction: 1 } });
    const told = explained(state, 'ledger-svc');
    expect(told.says).toContain('the dropped flows also name payments/web rev 3 in allowed_by: that is the other direction, never the cause');
    expect([told.causes, told.policies, told.undo]).toEqual([[], [], '']);
    expect(told.words.join()).not.toContain('payments/web');
  });

  test.each<[string, Partial<Flow>, string, string]>([
    ['empty', { event_type: { type: 5 }, traffic_direction: 2 }, 'default deny at the source (egress)', 'egress_denied_by is EMPTY → default deny, no single rule to blame'],
    ['one of the policies that select', { event_type: { type: 5 }, egress_denied_by: [{ name: 'base', namespace: 'payments', revision: 9n }], policy_log: ['pci only'] }, 'default deny at the source (egress)', 'egress_denied_by names payments/base rev 9, yet POLICY_DENIED (133) is a default deny: it is one of the policies that select the pod. policy_log: pci only'],
    ['a named rule', { event_type: { type: 5 }, drop_reason: 181, drop_reason_desc: 181, ingress_denied_by: [{ name: 'no-redis', namespace: 'payments', revision: 12n }] }, 'named deny at the destination (ingress)', 'ingress_denied_by names payments/no-redis rev 12 → a deny rule'],
    ['no verdict, only drop events', { file: { name: 'bpf_lxc.c', line: 1422 } }, 'a policy refused at the source (egress)', 'POLICY_DENIED (133) = no rule allowed it; 20 drop events read, they name no policy'],
  ])('WHO SAYS quotes the raw field: %s', (_form, flow, title, says) => {
    const told = explained(watch({ flow, isStock: true }), 'ledger-svc');
    expect(told.title).toBe(title);
    expect(told.says.join('\n')).toContain(says);
  });
});

test('explainDrop() of a refused port says whether it was ever open', () => {
  const told = explained(watch({ drop: 'NO_SOCKET' }), 'ledger-svc');
  expect([told.what, ...told.words]).toEqual(['nothing listens on port 9090 of ledger-svc', 'the kernel there refuses the packet, no policy is involved']);
  expect(told.causes).toMatchObject([{ kind: 'server', isCertain: false, text: 'payments/ledger-svc stopped listening on port 9090', reason: 'it answered on that port until then' }]);
  expect(explained(busyScene(), 'refused-job').causes).toEqual([]);
});

test('explainDrop() of an address that is no more names the pod that moved', () => {
  const told = explained(storyScene('refund-latency', { seconds: 300, relay: 'ours' }), 'postgres-primary');
  expect(told.causes).toMatchObject([{ kind: 'gone', isCertain: false, text: expect.stringMatching(/^pod payments\/postgres-primary-0 went and came back with address 10\.244\.\d+\.\d+$/), reason: expect.stringMatching(/^time fits, .*; packets still go to 10\.244\.\d+\.\d+$/) }]);
  expect(told.policies).toEqual([]);
});

test('explainDrop() of a connection that was not tracked says how full the table is, never that it is full because of the reason alone', () => {
  const told = explained(storyScene('conntrack-full', { seconds: 345, relay: 'ours' }), 'kube-dns');
  expect(told.words[0]).toContain('the table may be full, or several packets raced for one entry');
  expect(told.causes).toMatchObject([{ kind: 'table', isCertain: false, text: expect.stringMatching(/^ht_conntrack on node-03 is 9\d% full$/) }]);
  expect(explained(storyScene('conntrack-full', { seconds: 345, relay: 'stock' }), 'kube-dns').causes).toEqual([]);
});

test.each<[string, Refusal, string]>([
  ['denies', { denied_by: [{ name: 'no-cron', kind: 'NetworkPolicy', namespace: 'payments' }], direction: 1 }, 'policy payments/no-cron denies it'],
  ['has no rule for it', { selecting: [{ name: 'ledger', kind: 'NetworkPolicy', namespace: 'payments' }], direction: 1 }, 'no rule of policy payments/ledger allows it'],
])('explainDrop() joins what another program dropped with a policy that %s', (_what, refusal, words) => {
  const told = explained(watch({ drop: 'NETFILTER_DROP', refusal }), 'ledger-svc');
  expect(told.says).toEqual([`NETFILTER_DROP: another program dropped it; ${words}`]);
});

interface Watch {
  changes?: Change[];
  /** Second from which the pair is dropped, and up to which it worked. */
  dropFrom?: number;
  worksUntil?: number;
  drop?: FakeTalk['drop'];
  refusal?: Refusal;
  flow?: Partial<Flow>;
  isStock?: boolean;
}

/** A pair that works for 70 s and is then dropped for 20 s, as far as a relay tells. */
function watch({ changes = [], dropFrom = 70, worksUntil = dropFrom, drop = 133, refusal, flow = {}, isStock = false }: Watch): State {
  const state = emptyScene();
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  if (isStock) update(state, { type: 'telemetry-absent' });
  const fine: FakeTalk = { from: 'payments/rewards-cron-job-1', to: 'payments/ledger-svc', port: 9090, protocol: 6, perSecond: 7, bytes: 4_000 };
  for (let second = 0; second < dropFrom + 20; second++) {
    const timeMs = START_MS + (second + 1) * 1000;
    const isDropped = second >= dropFrom;
    const talks = [TALKS[0] as FakeTalk, ...(isDropped ? [{ ...fine, drop: drop ?? 133 }] : second < worksUntil ? [fine] : [])];
    update(state, { type: 'tick', nowMs: timeMs });
    if (!isStock) update(state, { type: 'telemetry', report: reportWith(second, timeMs, { talks, changes, refusal }) });
    update(state, { type: 'flows', bytes: joined(talks.slice(1).flatMap((talk) => [framed({ ...flowOf(talk, timeMs - 5), ...(isDropped ? flow : {}) }), ...(isDropped ? [] : [framed(flowOf(talk, timeMs - 4, { isReply: true }))])])) });
  }
  return state;
}

function reportWith(second: number, timeMs: number, told: { talks: readonly FakeTalk[]; changes: readonly Change[]; refusal: Refusal | undefined }): Report {
  const report = reportOf(second, timeMs, { talks: told.talks });
  return {
    ...report,
    drops: (report.drops ?? []).map((row) => ({ ...row, ...(told.refusal === undefined ? {} : { refusal: told.refusal }) })),
    changes: told.changes.filter(({ time }) => Number(time?.seconds ?? 0n) === Math.floor(timeMs / 1000)),
  };
}
