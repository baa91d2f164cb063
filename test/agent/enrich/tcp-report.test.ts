import { expect, test } from 'vitest';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { TcpMeter } from '../../../agent/enrich/tcp-report.ts';
import { HANDSHAKE_BUCKETS, type ResetRow, type TcpRow } from '../../../agent/decode/kernel.ts';
import { shop } from '../row-fixture.ts';

const secondNs = 1_000_000_000n;

function shopMeter(): { meter: TcpMeter; row: (fields: Partial<TcpRow>) => TcpRow; reset: (fields: Partial<ResetRow>) => ResetRow } {
  const versions = new EndpointVersions('node-a');
  const { upserts } = versions.apply(shop, 0n);
  const labelsOf = (ip: string): number => upserts.find((row) => row.ip === ip)?.labels ?? -1;
  const ends = { clientLabels: labelsOf('10.0.1.5'), serverLabels: labelsOf('10.0.2.7'), port: 8080, family: 4, direction: 2 } as const;
  const nothing = { retransmits: 0, handshakes: 0, handshakeNs: 0, handshakeMaxNs: 0, noSynAttach: 0, noSyn: 0, noSynReset: 0 };
  return {
    meter: new TcpMeter(versions),
    row: (fields) => ({ ...ends, ...nothing, handshakeBuckets: Array.from({ length: HANDSHAKE_BUCKETS }, () => 0), ...fields }),
    reset: (fields) => ({ ...ends, reason: 'NO_SOCKET', count: 0, ...fields }),
  };
}

function bucketsWith(bucket: number, count: number): number[] {
  return Array.from({ length: HANDSHAKE_BUCKETS }, (_, index) => (index === bucket ? count : 0));
}

test('TcpMeter.report() tells what an interval saw, both families in one, the two sides apart', () => {
  const { meter, row, reset } = shopMeter();
  const quiet = { evicted: 0, nowNs: secondNs };
  meter.report({ tcp: [row({ retransmits: 5, handshakes: 1, handshakeNs: 100_000, handshakeMaxNs: 9e9, handshakeBuckets: bucketsWith(0, 1) })], resets: [reset({ count: 2 })] }, quiet);
  const [count, ...others] = meter.report({
    tcp: [
      row({ retransmits: 7, handshakes: 3, handshakeNs: 500_000, handshakeMaxNs: 9e9, handshakeBuckets: [1, 2, ...bucketsWith(0, 0).slice(2)] }),
      row({ family: 6, noSyn: 2, noSynReset: 1 }), row({ direction: 1, retransmits: 1 }),
    ],
    resets: [reset({ count: 2 }), reset({ direction: 1, count: 4 }), reset({ direction: 1, family: 6, count: 1 })],
  }, quiet);
  expect(others).toEqual([]);
  expect(count).toMatchObject({
    source: { identity: 300, namespace: 'shop' }, destination: { identity: 301 }, port: 8080,
    // the longest of all times was before: this interval's are in the second bucket
    egress: { retransmits: 2, handshakes: 2, handshake_ns: 400_000, handshake_max_ns: 2 ** 18, handshake_buckets: [0, 2], no_syn: 2, no_syn_reset: 1 },
    ingress: { retransmits: 1, handshakes: 0, resets: [{ reason: 'NO_SOCKET', count: 5 }] },
  });
  expect(count?.egress?.resets).toBeUndefined();
});

test('TcpMeter.report() says nothing of what did not move, and counts a retired row once', () => {
  const { meter, row } = shopMeter();
  const at = { evicted: 0, nowNs: secondNs };
  expect(meter.report({ tcp: [row({ retransmits: 3 })] }, at)).toHaveLength(1);
  expect(meter.report({ tcp: [row({ retransmits: 3 })] }, at)).toEqual([]);
  expect(meter.report({ tcp: [{ ...row({ retransmits: 4 }), isRetired: true }] }, at)[0]?.egress?.retransmits).toBe(1);
  expect(meter.report({ tcp: [row({ retransmits: 2 })] }, at)[0]?.egress?.retransmits).toBe(2);
  expect(meter.report({}, at)).toEqual([]);
});

test('TcpMeter.report() takes connections without a SYN for evicted ones only for ten minutes after an eviction', () => {
  const { meter, row } = shopMeter();
  const sideAt = (noSyn: number, seconds: bigint, evicted = 0): unknown => {
    const { no_syn: dead = 0, no_syn_evicted: perhaps = 0 } = meter.report({ tcp: [row({ noSyn })] }, { evicted, nowNs: seconds * secondNs })[0]?.egress ?? {};
    return [dead, perhaps];
  };
  expect(sideAt(1, 1n)).toEqual([1, 0]);
  expect(sideAt(3, 2n, 1)).toEqual([0, 2]);
  expect(sideAt(4, 600n)).toEqual([0, 1]);
  expect(sideAt(5, 602n)).toEqual([1, 0]);
});
