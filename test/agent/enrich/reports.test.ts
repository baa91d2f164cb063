import { expect, test } from 'vitest';
import type { PairRow } from '../../../agent/decode/kernel.ts';
import { DropMeter } from '../../../agent/enrich/drop-report.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { PairMeter } from '../../../agent/enrich/pair-report.ts';
import { shop } from '../row-fixture.ts';

function versionsOfShop(): { versions: EndpointVersions; web: number; api: number } {
  const versions = new EndpointVersions('node-a');
  const { upserts } = versions.apply(shop, 0n);
  const labelsOf = (ip: string): number => upserts.find((row) => row.ip === ip)?.labels ?? -1;
  return { versions, web: labelsOf('10.0.1.5'), api: labelsOf('10.0.2.7') };
}

const quiet = { port: 8080, protocol: 6, direction: 2, isReply: false, verdict: 1, family: 4, skbs: 0, segments: 0, bytes: 0, connections: 0, resets: 0, reported: 0 } as const;

test('PairMeter.report() tells what an interval saw, requests and replies and both sides in one row', () => {
  const { versions, web, api } = versionsOfShop();
  const meter = new PairMeter(versions);
  const row = (fields: Partial<PairRow>): PairRow => ({ ...quiet, clientLabels: web, serverLabels: api, ...fields });
  meter.report([row({ skbs: 10, bytes: 1000, connections: 1, reported: 2 })]);
  const { pairs, floorBytes } = meter.report([
    row({ skbs: 13, segments: 3, bytes: 1300, connections: 2, reported: 4 }),
    row({ isReply: true, skbs: 2, segments: 5, bytes: 9000, resets: 1, reported: 1 }),
    row({ direction: 1, family: 6, skbs: 1, segments: 1, bytes: 70, reported: 1 }),
  ]);
  expect(pairs).toEqual([{
    source: expect.objectContaining({ identity: 300, namespace: 'shop' }),
    destination: expect.objectContaining({ identity: 301 }),
    port: 8080, protocol: 6, verdict: 1,
    egress: { skbs: 3, segments: 3, bytes: 300, reply_skbs: 2, reply_segments: 5, reply_bytes: 9000, connections: 1, resets: 1, flows: 3 },
    ingress: { skbs: 1, segments: 1, bytes: 70, reply_skbs: 0, reply_segments: 0, reply_bytes: 0, connections: 0, resets: 0, flows: 1 },
  }]);
  expect(floorBytes).toBe(0);
  expect(meter.report([]).pairs).toEqual([]);
});

test('PairMeter.report() lists the heaviest pairs and all with drops, and says what the rest had at most', () => {
  const { versions, web, api } = versionsOfShop();
  const rows: PairRow[] = Array.from({ length: 2000 }, (_, index) => ({
    ...quiet, clientLabels: web, serverLabels: api, port: index + 1, skbs: 1, bytes: 10_000 - index, verdict: index === 1999 ? 2 : 1,
  }));
  const { pairs, floorBytes } = new PairMeter(versions).report(rows);
  expect(pairs).toHaveLength(513);
  expect(pairs.at(-1)).toMatchObject({ port: 2000, verdict: 2 });
  expect(floorBytes).toBe(10_000 - 512);
});

test('DropMeter.report() joins drops of kernel and datapath, and leaves the noise out', () => {
  const { versions, web, api } = versionsOfShop();
  const names = ['NOT_SPECIFIED', 'SKB_CONSUMED', 'x', 'NO_SOCKET'];
  const meter = new DropMeter(versions, (reason) => ({ name: names[reason] ?? '', subsystem: 'core' }));
  const ends = { sourceLabels: web, destinationLabels: api, port: 9999, protocol: 6 };
  const kernel = (reason: number, skbs: number): Parameters<typeof meter.report>[0][number] => ({ ...ends, family: 4, reason, skbs, bytes: skbs * 60 });
  meter.report([kernel(3, 5), kernel(1, 50)], { recorded: [{ ...ends, reason: 133, skbs: 1, bytes: 74 }] }, 1n);
  expect(meter.report([kernel(3, 7), kernel(1, 90)], { recorded: [{ ...ends, reason: 133, skbs: 4, bytes: 300 }] }, 1n)).toMatchObject([
    { reason: 133, skbs: 3, bytes: 226, port: 9999 },
    { kernel_reason: 'NO_SOCKET', kernel_subsystem: 'core', skbs: 2, bytes: 120, destination: { identity: 301 } },
  ]);
  expect(meter.report([kernel(3, 7)], { recorded: [{ ...ends, reason: 133, skbs: 4, bytes: 300 }] }, 1n)).toEqual([]);
});

test('DropMeter.report() asks what policies say of drops that another program decided, and of no others', () => {
  const { versions, web, api } = versionsOfShop();
  const names = ['', 'NETFILTER_DROP', 'NO_SOCKET', 'TC_EGRESS'];
  const asked: number[] = [];
  const refusal = { denied_by: [{ name: 'no-web' }] };
  const meter = new DropMeter(versions, (reason) => ({ name: names[reason] ?? '', subsystem: 'core' }), ({ sourceLabels, destinationLabels, port, protocol }) => {
    asked.push(port);
    return sourceLabels === web && destinationLabels === api && protocol === 6 && port === 1 ? refusal : undefined;
  });
  const rows = [1, 2, 3].map((reason) => ({ sourceLabels: web, destinationLabels: api, reason, port: reason, protocol: 6, family: 4 as const, skbs: 1, bytes: 60 }));
  expect(meter.report(rows, { recorded: [] }, 1n).map((drop) => [drop.kernel_reason, drop.refusal])).toEqual([['NETFILTER_DROP', refusal], ['NO_SOCKET', undefined], ['TC_EGRESS', undefined]]);
  expect(asked).toEqual([1, 3]);
});
