import { expect, test } from 'vitest';
import { LedgerMeter, volumeLedger } from '../../../agent/server/ledger-report.ts';
import { NodeDrain } from '../../../agent/history/node-drain.ts';
import { allocateHistory } from '../../../agent/history/history.ts';
import { smallKernel } from '../sim/small-plan.ts';

test('volumeLedger() tells what found no room in the pair table, with its bytes: connections report it all the same', () => {
  const kernel = smallKernel();
  const sample = { ...kernel.sample(), pairFailed: 3, pairFailedBytes: 180 };
  const drain = new NodeDrain([], allocateHistory({ rows: 7 })).counts();
  expect(volumeLedger(sample, drain)).toMatchObject({ pair_failed: 3, pair_failed_bytes: 180 });
  kernel.close();
});

test('LedgerMeter tells what the limiter held back apart from what noise rules did, and the ledger balances', () => {
  const kernel = smallKernel();
  const drain = new NodeDrain([], allocateHistory({ rows: 7 })).counts();
  const events = [{ lane: 0, kind: 'kernel-drop', happened: 100, submitted: 40, folded: 0, lost: 3, suppressed: 57, limited: 50 }];
  const [ledger] = new LedgerMeter().events({ ...kernel.sample(), events }, drain, 1n);
  expect(ledger?.losses?.map(({ stage, cause, count }) => [stage, cause, count])).toEqual([['kernel-ring', 'ring full', 3], ['suppressed', 'noise rules', 7], ['suppressed', 'limiter', 50]]);
  expect((ledger?.reported ?? 0) + (ledger?.losses ?? []).reduce((total, { count = 0 }) => total + count, 0)).toBe(ledger?.happened);
  kernel.close();
});
