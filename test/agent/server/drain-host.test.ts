import { afterEach, beforeEach, expect, test } from 'vitest';
import { startDrainThread } from '../../../agent/drain-worker.ts';
import { createSharedRing } from '../../../agent/decode/shared-ring.ts';
import type { Kernel } from '../../../agent/decode/kernel.ts';
import { HistoryReader } from '../../../agent/history/history.ts';
import { DrainHost } from '../../../agent/server/drain-host.ts';
import { RingWriter } from '../../../agent/sim/ring-writer.ts';
import { deferred } from '../../../src/lib/deferred.ts';
import { eventBytes } from '../ring-fixture.ts';

const kernelParts = {
  bootId: 'boot',
  dropReasonName: () => ({ name: 'NO_SOCKET', subsystem: 'core' }),
  setAddresses: () => {},
  setServices: () => {},
  setPolicies: () => [],
  attachedDevices: () => [{ ifindex: 7, name: 'veth7' }],
  sample: () => ({ events: [], drops: [] }) as unknown as ReturnType<Kernel['sample']>,
  sweep: () => {},
  nowNs: () => process.hrtime.bigint(),
  close: () => {},
};

let host: DrainHost;

beforeEach(() => { host = new DrainHost(startDrainThread()); });
afterEach(() => { host.close(); });

function submit(writer: RingWriter, sequence: number): void {
  const at = writer.reserve(144);
  writer.memory.data.set(eventBytes({ type: 4, sequence, time_ns: process.hrtime.bigint() }), at);
  writer.flush(false);
}

test('DrainHost drains a ring into the history, tells followers and measures', async () => {
  const ring = createSharedRing(0, 65_536);
  const writer = new RingWriter(ring);
  const head = deferred<void>();
  const kernel = { ...kernelParts, rings: [ring] };
  const node = await host.open({ kind: 'kernel', kernel }, { rows: 63 }, { onHead: () => { head.resolve(undefined); }, onSecond: () => {} });
  node.follow(true);
  submit(writer, 1);
  submit(writer, 2);
  await head.promise;
  submit(writer, 5);
  const { counts } = await node.measure();
  expect(new HistoryReader(node.history).head()).toBe(3);
  expect([counts.rows, counts.missing]).toEqual([3, 2]);
  expect(node.kernel.attachedDevices()).toEqual([{ ifindex: 7, name: 'veth7' }]);
  await node.close();
  expect(host.nodeCount).toBe(0);
});

test('DrainHost.measure() takes what the kernel folded into the history, and spares a ring that was full', async () => {
  const ring = createSharedRing(1, 65_536);
  const writer = new RingWriter(ring);
  let folds = [eventBytes({ type: 4, why: 9, lane: 2, folded: 40, skbs: 50, time_ns: 1n })];
  const pressed: number[] = [];
  const kernel = {
    ...kernelParts, rings: [ring], takeFolds: () => Promise.resolve(folds.splice(0)), setPressedInterval: (seconds: number) => { pressed.push(seconds); },
    sample: () => ({ events: [], drops: [{ sourceLabels: 1, destinationLabels: 2, reason: 3, port: 4, protocol: 6, family: 4, skbs: 9, bytes: 9, folded: 7, foldedBytes: 8 }] }) as unknown as ReturnType<Kernel['sample']>,
  };
  const node = await host.open({ kind: 'kernel', kernel }, { rows: 63 }, { onHead: () => {}, onSecond: () => {} });
  for (let sequence = 0; sequence < 300; sequence++) submit(writer, sequence);
  const { counts } = await node.measure();
  expect([counts.rows, counts.skbs, counts.rowsByType[8]]).toEqual([302, 50, 1]);
  expect(pressed.map((seconds) => seconds > 5)).toEqual([true]);
  folds = [eventBytes({ type: 4, why: 9, lane: 2, folded: 1, skbs: 1, time_ns: 2n })];
  await node.close();
  expect(new HistoryReader(node.history).head()).toBe(303);
});

test('DrainHost.open() says why a ring cannot be had', async () => {
  const kernel: Kernel = { ...kernelParts, rings: [{ kind: 'floppy', lane: 1 } as unknown as Kernel['rings'][number]] };
  await expect(host.open({ kind: 'kernel', kernel }, { rows: 63 }, { onHead: () => {}, onSecond: () => {} })).rejects.toThrow('ring of lane 1: unknown kind');
});
