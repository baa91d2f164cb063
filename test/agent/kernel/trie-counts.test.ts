import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MapRow } from '../../../agent/decode/kernel.ts';
import { MachineMaps } from '../../../agent/kernel/machine-maps.ts';
import { TrieCounts } from '../../../agent/kernel/trie-counts.ts';
import { missingForKernelTests, objectPath, run } from './scratch-namespaces.ts';

const path = `/sys/fs/bpf/hubtop-test-${process.pid}`;
const missing = missingForKernelTests() ?? bpfFileSystem();
if (missing !== undefined) console.error(`skipped: agent/kernel/trie-counts: ${missing}`);

function bpfFileSystem(): string | undefined {
  try {
    return run('stat -f -c %T /sys/fs/bpf').trim() === 'bpf_fs' ? undefined : 'needs a BPF file system at /sys/fs/bpf';
  } catch {
    return 'needs a BPF file system at /sys/fs/bpf';
  }
}

describe.skipIf(missing !== undefined)('counting a trie, of which the kernel keeps no count', () => {
  let id = 0;
  const name = `tri${process.pid}`;
  const row = (): MapRow => ({ id, name, type: 'lpm_trie', maxEntries: 4_096, isOwn: false });
  const add = (n: number): void => { run(`bpftool map update pinned ${path} key ${[32, 0, 0, 0, 10, 0, n >> 8, n & 255].join(' ')} value 1 0 0 0`); };

  beforeAll(() => {
    run(`bpftool map create ${path} type lpm_trie key 8 value 4 entries 4096 name ${name} flags 1`);
    id = Number(/^(\d+):/.exec(run(`bpftool map show pinned ${path}`))?.[1]);
    for (let n = 1; n <= 25; n++) add(n);
  });
  afterAll(() => { run(`rm -f ${path}`); });

  test('MachineMaps walks over it', () => {
    const machine = new MachineMaps(objectPath);
    try {
      expect(machine.read().maps.find((map) => map.id === id)).toMatchObject({ entries: 25, countedBy: 'walk' });
    } finally {
      machine.close();
    }
  });

  test('TrieCounts says how old its count is, and counts again', () => {
    const counts = new TrieCounts();
    try {
      expect(counts.withCounts([row()], 1_000n)).toEqual([{ ...row(), entries: 25, ageNs: 0 }]);
      add(26);
      expect(counts.withCounts([row()], 1_500n)).toEqual([{ ...row(), entries: 26, ageNs: 0 }]);
      const other: MapRow = { ...row(), id: 4_000_000_000, name: 'gone' };
      // another is walked over meanwhile
      expect(counts.withCounts([other, row()], 1_700n)).toEqual([other, { ...row(), entries: 26, ageNs: 200 }]);
      expect(counts.withCounts([{ ...row(), type: 'hash', entries: 3 }], 1_800n)).toEqual([{ ...row(), type: 'hash', entries: 3 }]);
    } finally {
      counts.close();
    }
  });
});
