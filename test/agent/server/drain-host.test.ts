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
  attachedDevices: () => [{ ifindex: 7, name: 'veth7' }],
  sample: () => ({ events: [] }) as unknown as ReturnType<Kernel['sample']>,
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
  const node = await host.open({ kind: 'kernel', kernel }, 63, { onHead: () => { head.resolve(undefined); }, onSecond: () => {} });
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

test('DrainHost.open() says why a ring cannot be had', async () => {
  const kernel: Kernel = { ...kernelParts, rings: [{ kind: 'floppy', lane: 1 } as unknown as Kernel['rings'][number]] };
  await expect(host.open({ kind: 'kernel', kernel }, 63, { onHead: () => {}, onSecond: () => {} })).rejects.toThrow('ring of lane 1: unknown kind');
});
