import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { cgroup2Mount } from '../kernel/cgroup.ts';
import type { LabNode, LabPlan, LabPod } from './lab-plan.ts';

/** The kernel lets go of a cgroup some time after its last process. */
const removeTries = 100;
const retryMs = 20;

/** Folder of the cgroups of a lab; undefined where cgroup v2 is not mounted, or only to be looked at as in most containers. */
export function labCgroup(id: string): string | undefined {
  const mount = cgroup2Mount(readFileSync('/proc/mounts', 'utf8'));
  return mount === undefined || !isWritable(mount) ? undefined : join(mount, `hubtop-lab-${id}`);
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The cgroup that an agent watches. */
export function nodeCgroup(root: string, node: Pick<LabNode, 'name'>): string {
  return join(root, node.name);
}

/** Makes a cgroup for each pod, below one for its node. */
export function createCgroups(root: string, plan: LabPlan): void {
  for (const pod of plan.pods) mkdirSync(podCgroup(root, pod), { recursive: true });
}

/** A command line that runs in a pod's cgroup from its first instruction on. */
export function inCgroup(root: string, pod: LabPod, command: readonly string[]): string[] {
  return ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', podCgroup(root, pod), ...command];
}

/** Removes the cgroups of a lab whose processes have ended. */
export async function removeCgroups(id: string): Promise<void> {
  const root = labCgroup(id);
  if (root === undefined) return;
  for (const folder of foldersOf(root).toReversed()) await removeCgroup(folder);
}

async function removeCgroup(folder: string): Promise<void> {
  for (let left = removeTries; ; left--) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || left === 0) throw error;
    }
    await new Promise((resolve) => { setTimeout(resolve, retryMs); });
  }
}

/** A cgroup and all below it, outermost first. */
function foldersOf(folder: string): string[] {
  try {
    return [folder, ...readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap((entry) => foldersOf(join(folder, entry.name)))];
  } catch {
    return [];
  }
}

function podCgroup(root: string, pod: LabPod): string {
  return join(root, pod.node, pod.name);
}
