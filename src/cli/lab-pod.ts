import { type Command, UsageError } from './command.ts';

/** `hubtop lab-pod ROLES`: the process inside a pod of the lab; started by the lab only. */
export const labPod: Command = {
  usage: 'lab-pod ROLES',
  summary: 'The process inside a pod of the lab',
  flags: [],
  usageExitCode: 2,
  maxPositionals: 1,
  async run(_values, [roles], context) {
    if (roles === undefined) throw new UsageError('which roles? the lab gives them as JSON');
    if (!isRoleList(roles)) throw new UsageError('the roles are no JSON list: the lab gives them');
    const { runLabPod } = await import('../../agent/lab/pod.ts');
    await runLabPod(roles, context.signal);
    return 0;
  },
};

function isRoleList(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}
