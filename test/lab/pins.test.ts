import { spawn } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { startLab, type Lab } from '../../agent/lab/lab.ts';
import { cleanLabs } from '../../agent/lab/lab-state.ts';
import { canPinIn, linkPins, pinFolders } from '../../agent/kernel/pin-folder.ts';
import { eventually, kernelProblem, program } from './lab-process.ts';

const problem = kernelProblem !== '' ? kernelProblem : canPinIn('/sys/fs/bpf') ? '' : 'needs a BPF file system at /sys/fs/bpf';
if (problem !== '') console.warn(`skipped: test/lab/pins (${problem})`);

describe.skipIf(problem !== '')('what agents of a lab leave in force', { timeout: 90_000 }, () => {
  let lab: Lab | undefined;
  afterEach(async () => { await lab?.close(); });

  const pinsOf = (id: string): number => pinFolders().filter((folder) => folder.includes(`/ht-lab-${id}-`)).flatMap(linkPins).length;

  test('goes when the lab is closed', async () => {
    lab = await startLab({ program, id: 'tpins' });
    expect(pinsOf('tpins')).toBe(2 * lab.plan.pods.length);
    await lab.close();
    expect(pinFolders().filter((folder) => folder.includes('tpins'))).toEqual([]);
  });

  test('goes with the next clean when the lab was killed', async () => {
    const before = pinFolders();
    const killed = spawn(program[0] ?? '', [...program.slice(1), 'lab', '--no-tui', '--listen', '127.0.0.1:0'], { stdio: 'ignore' });
    const made = (): string[] => pinFolders().filter((folder) => !before.includes(folder));
    await eventually('pins of both nodes', () => (made().filter((folder) => linkPins(folder).length > 0).length === 2 ? true : undefined), 60);
    killed.kill('SIGKILL');
    await new Promise((resolve) => { killed.once('exit', resolve); });
    expect(made()).toHaveLength(2);
    await cleanLabs();
    expect(made()).toEqual([]);
  });
});
