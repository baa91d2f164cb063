import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadObject } from '../../agent/kernel/bpf-object.ts';
import { cannotTest, compileObject } from './programs.ts';

/** Programs by the text of bpf/: what stands behind a SEC() that is no map and no license. */
const written = readdirSync('bpf').flatMap((file) => [...readFileSync(`bpf/${file}`, 'utf8').matchAll(/^SEC\("[^."][^"]*"\)\s+int (?:BPF_PROG\()?(\w+)/gm)].map((match) => match[1] ?? '')).sort();
// not the tables of production: each program is loaded with maps of its own
const small = { ht_conntrack: 64, ht_urgent: 4096, ht_bulk: 4096, ht_addresses: 64, ht_pairs: 64, ht_folds_a: 64, ht_folds_b: 64, ht_sockets: 64, ht_reverse: 64, ht_netns: 64, ht_fragments: 64, ht_policy_limits: 64, ht_drop_limits: 64 };

describe.skipIf(cannotTest !== '')('the object', { timeout: 60_000 }, () => {
  let bytes: Uint8Array;
  beforeAll(() => { bytes = compileObject(); });

  test('has every program of bpf/, and the kernel takes them together', () => {
    const object = loadObject(bytes);
    try {
      expect(written.length).toBeGreaterThan(10);
      expect([...object.programs.keys()].sort()).toEqual(written);
      expect([...object.programs].filter(([, fd]) => fd < 0)).toEqual([]);
      expect(new Set(object.programs.values()).size).toBe(written.length);
    } finally {
      object.close();
    }
  });

  test.each(written)('the kernel takes %s by itself', (name) => {
    const object = loadObject(bytes, { maxEntries: small, leaveOut: written.filter((other) => other !== name) });
    try {
      expect([...object.programs].filter(([, fd]) => fd >= 0).map(([loaded]) => loaded)).toEqual([name]);
    } finally {
      object.close();
    }
  });
});
