import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { startLab, type Lab } from '../../agent/lab/lab.ts';
import { cleanLabs } from '../../agent/lab/lab-state.ts';
import { inNamespace } from '../../agent/lab/namespace.ts';
import { runTool } from '../../agent/lab/run-tool.ts';
import { eventually, labNetns, labProblem, program } from './lab-process.ts';

if (labProblem !== '') console.warn(`skipped: test/lab (${labProblem})`);

/** Packets received and sent by a pod's eth0. */
async function traffic(lab: Lab, app: string): Promise<{ received: number; sent: number }> {
  const pod = lab.plan.pods.find((candidate) => candidate.app === app);
  const text = await runTool(inNamespace(pod?.netns ?? '', ['cat', '/proc/net/dev']));
  const figures = /eth0:\s*(.*)/.exec(text)?.[1]?.split(/\s+/).map(Number) ?? [];
  return { received: figures[1] ?? 0, sent: figures[9] ?? 0 };
}

describe.skipIf(labProblem !== '')('lab', { timeout: 60_000 }, () => {
  let lab: Lab | undefined;
  afterEach(async () => { await lab?.close(); });

  test('every pod receives and sends, on one node and across', async () => {
    lab = await startLab({ program, hasAgents: false, id: 'tpods' });
    const { plan } = lab;
    for (const app of ['web', 'api', 'payments', 'dns', 'refused-job', 'chat-relay', 'commentary-fanout']) {
      await eventually(`traffic of ${app}`, async () => {
        const { received, sent } = await traffic({ plan } as Lab, app);
        return received > 3 && sent > 3 ? true : undefined;
      });
    }
    lab.check();
  });

  test('close() leaves no namespace, no folder and no state', async () => {
    lab = await startLab({ program, hasAgents: false, id: 'tclose' });
    const { objectsPath } = lab;
    expect(readFileSync(objectsPath, 'utf8')).toMatch(/kind: Pod/);
    expect(labNetns('tclose-')).toHaveLength(10);
    await lab.close();
    expect(labNetns('tclose-')).toEqual([]);
    expect(existsSync(objectsPath)).toBe(false);
    expect(existsSync('/run/hubtop-lab/tclose.json')).toBe(false);
  });

  test('what a killed lab left goes with the next clean, its children die with it', async () => {
    const killed = spawn(program[0] ?? '', [...program.slice(1), 'lab', '--no-tui', '--listen', '127.0.0.1:0'], { stdio: 'ignore' });
    const before = labNetns();
    const made = await eventually('namespaces', () => { const fresh = labNetns().filter((name) => !before.includes(name)); return fresh.length >= 10 ? fresh : undefined; });
    killed.kill('SIGKILL');
    await new Promise((resolve) => { killed.once('exit', resolve); });
    await cleanLabs();
    expect(labNetns().filter((name) => made.includes(name))).toEqual([]);
  });
});
