import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EVENT_BYTES, EVENT_VERSION, EventFlag, EventType, LANES, OFFSET, Point, TraceReason, whyNames } from '../../agent/decode/event.ts';
import { readEvent } from './programs.ts';

/** What test/bpf/fixture.c prints. */
interface Fixture {
  size: number;
  offsets: Record<string, number>;
  sizes: Record<string, number>;
  constants: Record<string, number>;
  why: number[];
  bytes: string;
}

const hasCompiler = spawnSync('cc', ['--version']).status === 0;
if (!hasCompiler) console.warn('test/bpf/event-layout skipped: no C compiler');

function readFixture(): Fixture {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-fixture-'));
  try {
    execFileSync('cc', ['-Wall', '-Werror', '-o', join(folder, 'fixture'), 'test/bpf/fixture.c']);
    return JSON.parse(execFileSync(join(folder, 'fixture'), { encoding: 'utf8' })) as Fixture;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!hasCompiler)('struct ht_event', () => {
  test('OFFSET has every field where the C compiler puts it', () => {
    const { size, offsets } = readFixture();
    expect(size).toBe(EVENT_BYTES);
    expect({ ...OFFSET, end: EVENT_BYTES }).toEqual(offsets);
  });

  test('constants of the record are the same on both sides', () => {
    const { constants, why } = readFixture();
    expect({ version: EVENT_VERSION, ...EventType, ...Point, ...TraceReason, ...EventFlag, lanes: LANES }).toEqual(constants);
    expect(why).toEqual(whyNames.map((_name, number) => number).slice(1));
  });

  test('readEvent() of the tests reads a record that the compiler wrote', () => {
    expect(readEvent(Buffer.from(readFixture().bytes, 'hex'))).toMatchObject({
      version: EVENT_VERSION, type: EventType.kernelDrop, time_ns: 0x01020304050600, source_port: 40_000, source: '10.0.0.5', drop_reason: 0x20003, bytes: 0x1122334455,
    });
  });
});
