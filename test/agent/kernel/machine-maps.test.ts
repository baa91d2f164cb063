import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadObject, type BpfObject } from '../../../agent/kernel/bpf-object.ts';
import { MachineMaps } from '../../../agent/kernel/machine-maps.ts';
import { missingForKernelTests, objectPath } from './scratch-namespaces.ts';

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: agent/kernel/machine-maps: ${missing}`);

describe.skipIf(missing !== undefined)('MachineMaps', () => {
  let object: BpfObject;
  let machine: MachineMaps;
  beforeAll(() => {
    object = loadObject(readFileSync(objectPath), { maxEntries: { ht_urgent: 1 << 16, ht_bulk: 1 << 16, ht_devices: 77 } });
    machine = new MachineMaps(objectPath);
  });
  afterAll(() => {
    machine?.close();
    object?.close();
  });

  test('tells every map with its exact entries and who uses it, and not what it needs itself', () => {
    const devices = object.map('ht_devices');
    const bytes = (number: number, length: number): Uint8Array => {
      const made = new Uint8Array(length);
      new DataView(made.buffer).setUint32(0, number, true);
      return made;
    };
    for (let i = 1; i <= 23; i++) devices.update(bytes(i, devices.keySize), bytes(i, devices.valueSize));
    const { maps } = machine.read();
    const found = maps.filter(({ name, maxEntries }) => name === 'ht_devices' && maxEntries === 77);
    expect(found).toMatchObject([{ type: 'hash', entries: 23, countedBy: 'kernel', isOwn: true }]);
    expect(found[0]?.owners).toContain('ht_kfree_skb');
    expect(maps.find(({ name, maxEntries }) => name === 'ht_urgent' && maxEntries === 1 << 16)).toMatchObject({ type: 'ringbuf' });
    expect(maps.filter(({ name }) => name.startsWith('libbpf_'))).toEqual([]);
    // the list's own texts are one map of that name, the loaded object's another
    expect(maps.filter(({ name, owners }) => name === 'hubtop.rodata' && owners.length === 1 && owners[0] === 'ht_maps')).toEqual([]);
    devices.delete(bytes(1, devices.keySize));
    expect(machine.read().maps.find(({ id }) => id === found[0]?.id)?.entries).toBe(22);
  });

  test('tells what an agent\'s conntrack evicted: taken in, not taken out, and not there', () => {
    const counters = object.map('ht_counters');
    const value = new Uint8Array(counters.valueStride * counters.valuesPerKey);
    const afterKinds = 2 * 8 * 5;
    new DataView(value.buffer).setBigUint64((afterKinds + 14) * 8, 50n, true); // conntrack_inserted
    new DataView(value.buffer).setBigUint64((afterKinds + 15) * 8, 7n, true); // conntrack_deleted
    counters.update(new Uint8Array(4), value);
    const conntracks = machine.read().maps.filter(({ name, entries }) => name === 'ht_conntrack' && entries === 0);
    expect(conntracks.map(({ evicted }) => evicted)).toContain(43);
    expect(machine.read().maps.filter(({ name }) => name !== 'ht_conntrack').every(({ evicted }) => evicted === undefined)).toBe(true);
  });

  test('makes no table of its own, and leaves nothing behind', () => {
    const before = new Set(machine.read().maps.map(({ id }) => id));
    const other = new MachineMaps(objectPath);
    const during = other.read().maps.filter(({ id, name }) => !before.has(id) && name.startsWith('ht_'));
    other.close();
    expect(during).toEqual([]);
    // the kernel frees a program's maps a moment after it
    expect(machine.read().maps.filter(({ id, name }) => !before.has(id) && name.startsWith('ht_'))).toEqual([]);
  });
});
