import { expect, test } from 'vitest';
import { volumeLedger } from '../../../agent/server/ledger-report.ts';
import { NodeDrain } from '../../../agent/history/node-drain.ts';
import { allocateHistory } from '../../../agent/history/history.ts';
import { smallKernel } from '../sim/small-plan.ts';

test('volumeLedger() tells what found no room in the pair table, with its bytes: connections report it all the same', () => {
  const kernel = smallKernel();
  const sample = { ...kernel.sample(), pairFailed: 3, pairFailedBytes: 180 };
  const drain = new NodeDrain([], allocateHistory(7)).counts();
  expect(volumeLedger(sample, drain)).toMatchObject({ pair_failed: 3, pair_failed_bytes: 180 });
  kernel.close();
});
