import { expect, test } from 'vitest';
import { emptyCatalog } from '../../../agent/decode/facts.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { PolicyEngine } from '../../../agent/enrich/policy-engine.ts';
import { allocateHistory } from '../../../agent/history/history.ts';
import { NodeDrain } from '../../../agent/history/node-drain.ts';
import { WholeFlows } from '../../../agent/history/whole-flows.ts';
import { TelemetryMeter } from '../../../agent/server/telemetry-report.ts';
import type { PolicyObject } from '../../../agent/policy/policy.ts';
import { Verdict } from '../../../src/wire/gen/flow.ts';
import type { Report } from '../../../src/wire/gen/hubtop.ts';
import { smallKernel } from '../sim/small-plan.ts';

test('TelemetryMeter counts what sockets asked for as TRACED and what was translated as TRANSLATED, without what was suppressed', () => {
  const kernel = smallKernel();
  const meter = new TelemetryMeter('node-a', new EndpointVersions('node-a'), () => ({ name: '', subsystem: '' }));
  const report = (happened: number, suppressed: number, socketsTranslated: number): Map<number | undefined, number | undefined> => {
    const events = [{ lane: 1, kind: 'trace-sock', happened, submitted: happened - suppressed, folded: 0, lost: 0, suppressed }];
    const { verdicts } = meter.report({
      timeNs: 1n, intervalNs: 1e9, uptimeNs: 1, sample: { ...kernel.sample(), events, socketsTranslated }, drain: new NodeDrain([], allocateHistory({ rows: 7 })).counts(),
      whole: new WholeFlows().counts(), cpuNs: 0, overtaken: 0, rssBytes: 0, attachedPods: 0, totalPods: 0, history: { capacity: 7, length: 0, oldestNs: undefined }, changes: [],
    });
    return new Map(verdicts?.map(({ verdict, flows }) => [verdict, flows]));
  };
  expect(report(10, 4, 2)).toEqual(new Map([[Verdict.TRACED, 4], [Verdict.TRANSLATED, 2]]));
  expect(report(13, 4, 3)).toEqual(new Map([[Verdict.TRACED, 2], [Verdict.TRANSLATED, 1]]));
  kernel.close();
});

test('TelemetryMeter says what a node does with policies, of which every change is told once and all of them every ten seconds', () => {
  const kernel = smallKernel();
  const versions = new EndpointVersions('node-a');
  const engine = new PolicyEngine(versions, 'enforce');
  const meter = new TelemetryMeter('node-a', versions, () => ({ name: '', subsystem: '' }), { policies: engine });
  const policy = (name: string): PolicyObject => ({
    kind: 'NetworkPolicy', namespace: 'shop', name, labels: [], who: 'helm', operation: 'Update', changed: '2026-01-02T03:04:05Z',
    policies: [{ kind: 'NetworkPolicy', namespace: 'shop', name, subject: [], denies: { ingress: true, egress: false }, rules: [], notes: [] }],
  });
  const reportAt = (seconds: number, policies: readonly PolicyObject[]): Report => {
    const timeNs = BigInt(seconds) * 1_000_000_000n;
    engine.take({ ...emptyCatalog, policies }, timeNs);
    return meter.report({
      timeNs, intervalNs: 1e9, uptimeNs: 1, sample: { ...kernel.sample(), policyUnknown: 3, policyDenied: 9, policyUnlisted: 2 }, drain: new NodeDrain([], allocateHistory({ rows: 7 })).counts(),
      whole: new WholeFlows().counts(), cpuNs: 0, overtaken: 0, rssBytes: 0, attachedPods: 0, totalPods: 0, history: { capacity: 7, length: 0, oldestNs: undefined }, changes: [],
    });
  };
  const names = ({ policies = [] }: Report): unknown[] => policies.map((fact) => [fact.policy?.name, fact.policy?.revision, fact.who, fact.is_removed ?? false]);
  const first = reportAt(100, [policy('one')]);
  expect(first.nodes?.[0]?.policies).toEqual({ mode: 'enforce', objects: 1, revision: 1, unjudged: 3, audited: 0, denied: 9, unlisted: 2 });
  expect(names(first)).toEqual([['one', 1n, 'helm', false]]);
  expect(names(reportAt(101, [policy('one')]))).toEqual([]);
  expect(names(reportAt(102, [policy('one'), policy('two')]))).toEqual([['two', 2n, 'helm', false]]);
  expect(names(reportAt(103, [policy('two')]))).toEqual([['one', 3n, 'unknown', true]]);
  expect(names(reportAt(111, [policy('two')]))).toEqual([['two', 2n, 'helm', false]]);
  kernel.close();
});
