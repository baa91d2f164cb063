import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ScratchNode, bpfOf, missingForKernelTests, objectPath, programExists } from './scratch-namespaces.ts';

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: the kernel part's crash: ${missing}`);

/** Inside the tree, so that the child finds koffi as the real bundle does. */
const folder = `dist/kernel-test-${process.pid}`;
const script = join(folder, 'child.cjs');

describe.skipIf(missing !== undefined)('a crash of the agent', () => {
  let node: ScratchNode;

  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    buildSync({
      stdin: {
        contents: `import { openKernel } from './agent/kernel/open-kernel.ts';
          const kernel = openKernel({ objectPath: ${JSON.stringify(resolve(objectPath))} });
          kernel.setAddresses([], []);
          console.log(JSON.stringify(kernel.attachedDevices()));
          setInterval(() => kernel.sample(), 1000);`,
        resolveDir: '.',
        loader: 'ts',
      },
      bundle: true, platform: 'node', format: 'cjs', target: 'node20', external: ['koffi'], define: { HUBTOP_BUNDLE: 'true' }, outfile: script,
    });
    node = new ScratchNode();
    node.addPod(1);
  });

  afterAll(() => {
    node?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('leaves no program behind, even by SIGKILL', async () => {
    const child = spawn('nsenter', [`--net=/run/netns/${node.name}`, process.execPath, script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout, 'data') as [Buffer];
    expect(JSON.parse(line.toString())).toMatchObject([{ name: 'pod1' }]);
    const programs = bpfOf(child.pid ?? 0).flatMap((held) => (held.startsWith('prog_id ') ? [held.slice('prog_id '.length)] : []));
    expect(programs.filter(programExists).length).toBeGreaterThanOrEqual(5);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await vi.waitFor(() => expect(programs.filter(programExists)).toEqual([]), { timeout: 5000 });
  });
});
