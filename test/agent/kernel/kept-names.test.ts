import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openKeptNames } from '../../../agent/kernel/kept-names.ts';
import { canPinIn, makePinFolder, pinFolderOf, removePinFolder } from '../../../agent/kernel/pin-folder.ts';
import { missingForKernelTests } from './scratch-namespaces.ts';

const missing = missingForKernelTests() ?? (canPinIn('/sys/fs/bpf') ? undefined : 'needs a BPF file system at /sys/fs/bpf');
if (missing !== undefined) console.error(`skipped: agent/kernel/kept-names: ${missing}`);

describe.skipIf(missing !== undefined)('openKeptNames()', () => {
  const folder = pinFolderOf(`names-${process.pid}`);
  const warnings: string[] = [];
  const open = (): NonNullable<ReturnType<typeof openKeptNames>> => {
    const names = openKeptNames(folder, (line) => warnings.push(line));
    if (names === undefined) throw new Error(warnings.join());
    return names;
  };
  const four = { name: 'www.example.com', ip: '93.184.216.34', untilS: 1_764_000_000 };
  const six = { name: 'www.example.com', ip: '2001:db8::1', untilS: 5 };
  const byIp = (one: { ip: string }, other: { ip: string }): number => one.ip.localeCompare(other.ip);

  beforeEach(() => makePinFolder(folder));
  afterEach(() => {
    removePinFolder(folder);
    warnings.length = 0;
  });

  test('gives the next process what this one added, and what it set instead', () => {
    const first = open();
    first.add([four, six]);
    first.close();
    const second = open();
    expect(second.all().toSorted(byIp)).toEqual([six, four]);
    second.set([{ ...four, untilS: 7 }]);
    second.close();
    const third = open();
    expect(third.all()).toEqual([{ ...four, untilS: 7 }]);
    third.close();
  });

  test('takes no name that is none, goes with the folder, and says where it cannot be', () => {
    const names = open();
    names.add([{ ...four, name: 'a'.repeat(256) }, { ...four, ip: 'nowhere' }]);
    expect(names.all()).toEqual([]);
    names.close();
    removePinFolder(folder);
    expect([existsSync(folder), openKeptNames(folder, (line) => warnings.push(line))]).toEqual([false, undefined]);
    expect(warnings).toEqual([`names of peers are not kept for the next agent: cannot pin ${folder}/names: ENOENT (no such entry)`]);
  });
});
