import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The built program, or another build of it: agents and pods of the lab are started from it. */
export const program = [process.execPath, process.env['HUBTOP_BUNDLE_PATH'] ?? join(import.meta.dirname, '../../dist/hubtop.js')];

const hasTool = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

/** Why the lab cannot run here; '' where it can. */
export const labProblem = process.getuid?.() !== 0 ? 'needs root'
  : !['ip', 'nsenter', 'setpriv'].every(hasTool) ? 'needs ip, nsenter and setpriv'
    : spawnSync('unshare', ['--net', 'true']).status !== 0 ? 'needs the right to make network namespaces'
    : !existsSync(program[1] ?? '') ? 'needs the bundle: npm run build'
      : '';

/** Why nothing can be seen in it; '' where eBPF works and a capture can be taken. */
export const kernelProblem = labProblem !== '' ? labProblem
  : !existsSync('/sys/kernel/btf/vmlinux') ? 'needs a kernel with BTF'
    : !existsSync(join(import.meta.dirname, '../../dist/bpf/hubtop.o')) ? 'needs dist/bpf/hubtop.o: clang and npm run build'
      : '';

/** Network namespaces of labs that exist now. */
export function labNetns(id = ''): string[] {
  if (!existsSync('/run/netns')) return [];
  return readdirSync('/run/netns').filter((name) => name.startsWith(`ht-lab-${id}`));
}

/** Looks again and again until the answer is no longer undefined. */
export async function eventually<T>(what: string, look: () => T | undefined | Promise<T | undefined>, seconds = 20): Promise<T> {
  const deadlineMs = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadlineMs) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}
