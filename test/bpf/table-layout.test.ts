import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ADDRESS, ADDRESS_KEY, BACKEND, BACKEND_KEY, CONNTRACK, CONNTRACK_KEY, CONNTRACK_SIDE, DEVICE, POLICY, POLICY_KEY, SERVICE, SERVICE_KEY } from '../../agent/kernel/table-rows.ts';

const hasCompiler = spawnSync('cc', ['--version']).status === 0;
if (!hasCompiler) console.warn('test/bpf/table-layout skipped: no C compiler');

const structs: readonly [name: string, offsets: Readonly<Record<string, number>>][] = [
  ['ht_conntrack_key', CONNTRACK_KEY], ['ht_conntrack', CONNTRACK], ['ht_conntrack_side', CONNTRACK_SIDE], ['ht_address_key', ADDRESS_KEY], ['ht_address', ADDRESS], ['ht_device', DEVICE],
  ['ht_service_key', SERVICE_KEY], ['ht_service', SERVICE], ['ht_backend_key', BACKEND_KEY], ['ht_backend', BACKEND],
  ['ht_policy_key', POLICY_KEY], ['ht_policy', POLICY],
];

/** Where the compiler puts the fields; `end` is the size of the struct. */
function compiledOffsets(struct: string, fields: readonly string[]): Record<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-layout-'));
  try {
    const prints = fields.map((field) => `printf("\\"${field}\\":%zu,", ${field === 'end' ? `sizeof(struct ${struct})` : `offsetof(struct ${struct}, ${field})`});`);
    const program = `#include <stddef.h>\n#include <stdio.h>\n#include "${process.cwd()}/bpf/event.h"\nint main(void) { printf("{"); ${prints.join(' ')} printf("\\"last\\":0}"); return 0; }\n`;
    execFileSync('cc', ['-Wall', '-Werror', '-x', 'c', '-o', join(folder, 'layout'), '-'], { input: program });
    const { last, ...offsets } = JSON.parse(execFileSync(join(folder, 'layout'), { encoding: 'utf8' })) as Record<string, number>;
    return last === 0 ? offsets : {};
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.skipIf(!hasCompiler).each(structs)('fields of struct %s stand where the compiler puts them', (struct, offsets) => {
  expect(compiledOffsets(struct, Object.keys(offsets))).toEqual(offsets);
});
