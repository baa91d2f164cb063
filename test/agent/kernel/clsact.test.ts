import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Kernel } from '../../../agent/decode/kernel.ts';
import { type Attacher, attachToDevice, type DeviceLink } from '../../../agent/kernel/attach.ts';
import { fallBack } from '../../../agent/kernel/attacher.ts';
import { type BpfObject, loadObject } from '../../../agent/kernel/bpf-object.ts';
import { ClsactAttacher, packetProgramsOf } from '../../../agent/kernel/clsact.ts';
import { claimHandle, filtersOf, freePriority, ownFilterName, sweepClsact, WAYS } from '../../../agent/kernel/clsact-filters.ts';
import { devicePrograms } from '../../../agent/kernel/device-programs.ts';
import { KernelError } from '../../../agent/kernel/kernel-error.ts';
import { NetlinkSocket } from '../../../agent/kernel/netlink-socket.ts';
import { addClsact, addFilter } from '../../../agent/kernel/netlink-tc.ts';
import { openKernel } from '../../../agent/kernel/open-kernel.ts';
import { readKernelObject } from '../../../agent/kernel/requirements.ts';
import { missingForKernelTests, objectPath, run, ScratchNode, type ScratchPod } from './scratch-namespaces.ts';

test.each([[[], 2], [[1], 2], [[2, 3], 4], [[49_152], 2], [[1, 2, 10], 3]])('freePriority() beside %j is %i, and never 1', (taken, priority) => {
  expect(freePriority(new Set(taken))).toBe(priority);
});

describe('fallBack()', () => {
  const link: DeviceLink = { isAttached: () => true, close: () => undefined };
  const refusing = (problem: 'kernel-too-old' | 'attach-failed'): Attacher => ({ attach: () => { throw new KernelError(problem, problem); }, close: () => undefined });

  test('uses the second once the first says that the kernel is too old, and says so once', () => {
    const warnings: string[] = [];
    const tried: number[] = [];
    const attacher = fallBack(refusing('kernel-too-old'), () => ({ attach: (ifindex) => { tried.push(ifindex); return link; }, close: () => undefined }), (line) => warnings.push(line));
    expect([attacher.attach(7), attacher.attach(8)]).toEqual([link, link]);
    expect([tried, warnings]).toEqual([[7, 8], ['no tcx links on this kernel: attached as clsact filters; making their qdisc may lose a packet of a busy device, and a crash leaves them behind until the next start']]);
  });

  test('stays with the first where something else went wrong', () => {
    expect(() => fallBack(refusing('attach-failed'), () => { throw new Error('never'); }, () => undefined).attach(7)).toThrow('attach-failed');
  });
});

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: agent/kernel/clsact with the real kernel: ${missing}`);

describe.skipIf(missing !== undefined)('clsact filters on a pod\'s device', () => {
  let node: ScratchNode;
  let pod: ScratchPod;
  let object: BpfObject;
  let socket: NetlinkSocket;
  const closers: (() => void)[] = [];

  beforeEach(() => {
    node = new ScratchNode();
    pod = node.addPod(1);
    object = loadObject(readKernelObject(objectPath), { maxEntries: { ht_urgent: 4_096, ht_bulk: 4_096, ht_conntrack: 1_024, ht_addresses: 1_024 } });
    socket = NetlinkSocket.open({ isSubscribed: false });
  });

  afterEach(() => {
    for (const close of closers.splice(0).toReversed()) close();
    socket.close();
    object.close();
    node.remove();
  });

  const tc = (words: string): string => run(`tc -n ${node.name} ${words}`);
  const foreign = (priority: number, way = 'ingress'): void => { tc(`filter add dev ${pod.hostDevice} ${way} prio ${priority} protocol all u32 match u32 1 0xffffffff at 0 flowid 1:1`); };
  const listed = (): string[] => WAYS.flatMap((way) => filtersOf(socket, pod.hostIfindex, way).map(({ kind, priority, name }) => `${way} ${priority} ${kind} ${name}`.trim()));
  const hasQdisc = (): boolean => tc(`qdisc show dev ${pod.hostDevice}`).includes('clsact');

  function attached(warnings: string[] = []): DeviceLink {
    const attacher = new ClsactAttacher(packetProgramsOf(object), (line) => warnings.push(line));
    closers.push(() => attacher.close());
    const link = attacher.attach(pod.hostIfindex);
    if (link === undefined) throw new Error('the device is gone');
    return link;
  }

  test('make the qdisc and take it away again', () => {
    const link = attached();
    expect([listed(), link.isAttached()]).toEqual([['ingress 2 bpf hubtop_ingress+qdisc', 'egress 2 bpf hubtop_egress+qdisc'], true]);
    link.close();
    expect([listed(), hasQdisc(), link.isAttached()]).toEqual([[], false, false]);
  });

  test('leave the filter and the qdisc of others alone, and run before it', () => {
    tc(`qdisc add dev ${pod.hostDevice} clsact`);
    foreign(2);
    foreign(10, 'egress');
    const warnings: string[] = [];
    const link = attached(warnings);
    expect(listed().filter((line) => line.includes('bpf'))).toEqual(['ingress 3 bpf hubtop_ingress', 'egress 2 bpf hubtop_egress']);
    expect(warnings).toEqual([`device ${pod.hostIfindex} (ingress): u32 at priority 2 runs before hubtop: what it decides is not seen here`]);
    link.close();
    expect(hasQdisc()).toBe(true);
    expect(listed().map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual(expect.arrayContaining(['ingress 2 u32', 'egress 10 u32']));
    expect(listed().some((line) => line.includes('bpf'))).toBe(false);
  });

  test('keep the qdisc they made where somebody hung a filter on it meanwhile', () => {
    const link = attached();
    foreign(10);
    link.close();
    expect([hasQdisc(), listed().every((line) => line.startsWith('ingress 10 u32'))]).toEqual([true, true]);
  });

  test('never take away a program that another agent put in their place', () => {
    const link = attached();
    const [ours] = filtersOf(socket, pod.hostIfindex, 'ingress');
    const request = (sequence: number): Uint8Array => {
      const bytes = addFilter(sequence, { ifindex: pod.hostIfindex, way: 'ingress', priority: ours?.priority ?? 0, handle: ours?.handle ?? 0 }, { fd: object.programFd('ht_to_endpoint'), name: 'cil_from_container' });
      new DataView(bytes.buffer).setUint16(6, 0x505, true); // with NLM_F_REPLACE in the place of NLM_F_EXCL
      return bytes;
    };
    expect(socket.change('replace', request)).toBe(0);
    link.close();
    expect([listed(), hasQdisc()]).toEqual([['ingress 2 bpf cil_from_container'], true]);
  });

  test('sweepClsact() takes away what a dead agent left, with the qdisc it made, and nothing of a living one', () => {
    attached();
    expect(sweepClsact(socket)).toEqual({ removed: 0, inUse: 2 });
    closers.pop()?.();
    expect(sweepClsact(socket)).toEqual({ removed: 2, inUse: 0 });
    expect([listed(), hasQdisc()]).toEqual([[], false]);
  });

  test('sweepClsact() does not touch a qdisc that was there, nor a filter that has not our name', () => {
    expect(socket.change('make', (sequence) => addClsact(sequence, pod.hostIfindex))).toBe(0);
    const place = { ifindex: pod.hostIfindex, way: 'egress' as const, priority: 5, handle: 1 };
    expect(socket.change('add', (sequence) => addFilter(sequence, place, { fd: object.programFd('ht_to_endpoint'), name: 'cil_to_container' }))).toBe(0);
    expect(socket.change('add', (sequence) => addFilter(sequence, { ...place, priority: 6 }, { fd: object.programFd('ht_to_endpoint'), name: ownFilterName('egress', false) }))).toBe(0);
    expect(sweepClsact(socket)).toEqual({ removed: 1, inUse: 0 });
    expect([listed(), hasQdisc()]).toEqual([['egress 5 bpf cil_to_container'], true]);
  });

  test('are seen to be gone when somebody removes the qdisc under them, and come back', () => {
    const kernel = openKernel({ objectPath, attach: 'clsact' });
    closers.push(() => kernel.close());
    kernel.setAddresses([], []);
    expect(listed()).toHaveLength(2);
    tc(`qdisc del dev ${pod.hostDevice} clsact`);
    return expect.poll(listed, { timeout: 15_000 }).toHaveLength(2);
  });

  test('are told by devicePrograms() with those of others', () => {
    attached();
    foreign(7, 'egress');
    const link = attachToDevice(object.programFd('ht_from_endpoint'), pod.hostIfindex, 'ingress');
    closers.push(() => link?.close());
    expect(devicePrograms()).toEqual([{
      device: pod.hostDevice, ingress: ['ht_from_endpoin'], egress: [], xdp: undefined,
      filters: [{ way: 'ingress', name: 'hubtop_ingress+qdisc', priority: 2 }, { way: 'egress', name: 'hubtop_egress+qdisc', priority: 2 }, { way: 'egress', name: 'u32', priority: 7 }],
    }]);
  });

  test('see what the links see: the same packets of the same pods', () => {
    const count = (attach: 'tcx' | 'clsact'): number => {
      const kernel: Kernel = openKernel({ objectPath, attach });
      try {
        kernel.setAddresses([{ ip: pod.ip, ref: 1, labels: 1, isLocal: true }], []);
        pod.inside('ping -q -c 5 -i 0.01 10.253.0.2');
        return kernel.sample().pairs.reduce((sum, { protocol, skbs }) => sum + (protocol === 1 ? skbs : 0), 0);
      } finally {
        kernel.close();
      }
    };
    expect([count('tcx'), count('clsact')]).toEqual([10, 10]);
  });

  test('let every packet on to the filters behind them', () => {
    tc(`qdisc add dev ${pod.hostDevice} clsact`);
    tc(`filter add dev ${pod.hostDevice} ingress prio 10 protocol ip u32 match ip protocol 1 0xff action mirred egress mirror dev lo`);
    attached();
    pod.inside('ping -q -c 3 -i 0.01 10.253.0.2');
    expect(tc(`-s filter show dev ${pod.hostDevice} ingress`)).toMatch(/mirred[^]*Sent \d+ bytes 3 pkt/);
  });
});

test.skipIf(missing !== undefined)('claimHandle() gives a handle to one at a time', () => {
  const first = claimHandle(77);
  expect(claimHandle(77)).toBeUndefined();
  first?.();
  const second = claimHandle(77);
  expect(second).toBeDefined();
  second?.();
});
