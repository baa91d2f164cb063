import { expect, test } from 'vitest';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { allocateHistory } from '../../../agent/history/history.ts';
import { NodeDrain } from '../../../agent/history/node-drain.ts';
import { WholeFlows } from '../../../agent/history/whole-flows.ts';
import { TelemetryMeter } from '../../../agent/server/telemetry-report.ts';
import { Verdict } from '../../../src/wire/gen/flow.ts';
import { smallKernel } from '../sim/small-plan.ts';

test('TelemetryMeter counts what sockets asked for as TRACED and what was translated as TRANSLATED, without what was suppressed', () => {
  const kernel = smallKernel();
  const meter = new TelemetryMeter('node-a', new EndpointVersions('node-a'), () => ({ name: '', subsystem: '' }));
  const report = (happened: number, suppressed: number, socketsTranslated: number): Map<number | undefined, number | undefined> => {
    const events = [{ lane: 1, kind: 'trace-sock', happened, submitted: happened - suppressed, folded: 0, lost: 0, suppressed }];
    const { verdicts } = meter.report({
      timeNs: 1n, intervalNs: 1e9, uptimeNs: 1, sample: { ...kernel.sample(), events, socketsTranslated }, drain: new NodeDrain([], allocateHistory(7)).counts(),
      whole: new WholeFlows().counts(), cpuNs: 0, overtaken: 0, rssBytes: 0, attachedPods: 0, totalPods: 0, historyCapacity: 7, historyOldestNs: undefined, changes: [],
    });
    return new Map(verdicts?.map(({ verdict, flows }) => [verdict, flows]));
  };
  expect(report(10, 4, 2)).toEqual(new Map([[Verdict.TRACED, 4], [Verdict.TRANSLATED, 2]]));
  expect(report(13, 4, 3)).toEqual(new Map([[Verdict.TRACED, 2], [Verdict.TRANSLATED, 1]]));
  kernel.close();
});
