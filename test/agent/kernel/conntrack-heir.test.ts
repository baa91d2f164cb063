import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { objectInfo } from '../../../agent/kernel/bpf-ids.ts';
import type { BpfMap } from '../../../agent/kernel/bpf-map.ts';
import { type BpfObject, loadObject } from '../../../agent/kernel/bpf-object.ts';
import { ConntrackHeir } from '../../../agent/kernel/conntrack-heir.ts';
import { boottimeNs } from '../../../agent/kernel/native.ts';
import { readKernelObject } from '../../../agent/kernel/requirements.ts';
import { CONNTRACK, CONNTRACK_KEY, CONNTRACK_SIDE, readConnection } from '../../../agent/kernel/table-rows.ts';
import { missingForKernelTests, objectPath } from './scratch-namespaces.ts';

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: agent/kernel/conntrack-heir: ${missing}`);

const [IFINDEX, OTHER_IFINDEX] = [7, 8];
const programIdAt = 4; // struct bpf_prog_info

describe.skipIf(missing !== undefined)('ConntrackHeir', () => {
  const objects: BpfObject[] = [];

  beforeAll(() => {
    const maxEntries = { ht_urgent: 4_096, ht_bulk: 4_096, ht_addresses: 1_024, ht_conntrack: 8_192 };
    for (let i = 0; i < 3; i++) objects.push(loadObject(readKernelObject(objectPath), { maxEntries: i < 2 ? maxEntries : { ...maxEntries, ht_conntrack: 16_384 } }));
  });

  afterAll(() => { for (const object of objects) object.close(); });

  const tableOf = (index: number): BpfMap => {
    const map = objects[index]?.map('ht_conntrack');
    if (map === undefined) throw new Error('no such object');
    return map;
  };
  const programOf = (index: number): number => objectInfo(objects[index]?.programFd('ht_from_endpoint') ?? -1, 208).getUint32(programIdAt, true);
  const track = (map: BpfMap, port: number, { ifindex = IFINDEX, closing = 0, createdNs = 5n }: { ifindex?: number; closing?: number; createdNs?: bigint } = {}): void => {
    const [key, value] = [new Uint8Array(map.keySize), new Uint8Array(map.valueSize).fill(0xff)];
    const [keyView, view] = [new DataView(key.buffer), new DataView(value.buffer)];
    keyView.setUint16(CONNTRACK_KEY.a_port, port);
    keyView.setUint32(CONNTRACK_KEY.ifindex, ifindex, true);
    key[CONNTRACK_KEY.family] = 4;
    view.setBigUint64(CONNTRACK.created_ns, createdNs, true);
    value.set([0, 0x20, closing, 1], CONNTRACK.client_is_b);
    map.update(key, value);
  };
  const ports = (map: BpfMap): number[] => {
    const found: number[] = [];
    map.forEach((key) => found.push(new DataView(key.buffer, key.byteOffset).getUint16(CONNTRACK_KEY.a_port)));
    return found.toSorted((one, other) => one - other);
  };
  const empty = (map: BpfMap): void => {
    const keys: Uint8Array[] = [];
    map.forEach((key) => keys.push(key.slice()));
    for (const key of keys) map.delete(key);
  };

  test('keeps who opened a connection, when and how far it has come, and nothing that is a number of the process before', () => {
    const [from, to] = [tableOf(0), tableOf(1)];
    [from, to].forEach(empty);
    track(from, 1);
    const heir = new ConntrackHeir(to, [{ ifindex: IFINDEX, programId: programOf(0) }]);
    heir.copyAll();
    heir.close();
    to.forEach((key, value) => {
      const nobody = { ref: 0, labels: 0, packets: 0, segments: 0, bytes: 0 };
      expect(readConnection(key, value)).toMatchObject({ client: { ...nobody, port: 1 }, server: nobody, direction: 'ingress', verdict: 0, policy: 0, service: 0, isMidStream: true });
      const view = new DataView(value.buffer, value.byteOffset);
      expect([value[CONNTRACK.is_graced], value[CONNTRACK.parser], view.getUint32(CONNTRACK.epoch, true), view.getUint32(CONNTRACK.last_seen, true), view.getBigUint64(CONNTRACK.created_ns, true)]).toEqual([0xff, 0, 0, 0xffff_ffff, 5n]);
      for (const side of [CONNTRACK.side, CONNTRACK.side + CONNTRACK_SIDE.end]) {
        expect([view.getUint16(side + CONNTRACK_SIDE.tcp_seen, true), view.getUint16(side + CONNTRACK_SIDE.tcp_fresh, true), view.getUint32(side + CONNTRACK_SIDE.last_report, true)]).toEqual([0xffff, 0, 0xffff_ffff]);
      }
    });
    expect(heir.carried).toBe(1);
  });

  test('leaves out what is over and what passed other devices', () => {
    const [from, to] = [tableOf(0), tableOf(1)];
    [from, to].forEach(empty);
    track(from, 1);
    track(from, 2, { closing: 0x80 });
    track(from, 3, { closing: 3 });
    track(from, 4, { closing: 1 });
    track(from, 5, { ifindex: OTHER_IFINDEX });
    const heir = new ConntrackHeir(to, [{ ifindex: IFINDEX, programId: programOf(0) }]);
    heir.copyAll();
    heir.close();
    expect([ports(to), heir.carried]).toEqual([[1, 4], 2]);
  });

  test('copyRest() takes what began since, and never in the place of what is known', () => {
    const [from, to] = [tableOf(0), tableOf(1)];
    [from, to].forEach(empty);
    track(from, 1);
    const heir = new ConntrackHeir(to, [{ ifindex: IFINDEX, programId: programOf(0) }]);
    heir.copyAll();
    track(from, 2, { createdNs: boottimeNs() });
    track(from, 3, { createdNs: boottimeNs() });
    track(from, 4);
    track(to, 3, { createdNs: 9n });
    heir.copyRest();
    heir.close();
    expect([ports(to), heir.carried]).toEqual([[1, 2, 3], 2]);
    to.forEach((key, value) => { if (key[CONNTRACK_KEY.a_port + 1] === 3) expect(new DataView(value.buffer, value.byteOffset).getBigUint64(CONNTRACK.created_ns, true)).toBe(9n); });
  });

  test('takes each device\'s connections from the table of the program that runs there, and thousands of them', () => {
    const [first, second, to] = [tableOf(0), tableOf(1), tableOf(2)];
    [first, second, to].forEach(empty);
    for (let port = 1; port <= 5_000; port++) track(first, port);
    track(first, 6_001, { ifindex: OTHER_IFINDEX });
    track(second, 6_002, { ifindex: OTHER_IFINDEX });
    const heir = new ConntrackHeir(to, [{ ifindex: IFINDEX, programId: programOf(0) }, { ifindex: OTHER_IFINDEX, programId: programOf(1) }]);
    heir.copyAll();
    heir.close();
    expect([ports(to).length, ports(to).at(-1), heir.carried]).toEqual([5_001, 6_002, 5_001]);
  });
});
