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
    const { runLabPod } = await import('../../agent/lab/pod.ts');
    await runLabPod(roles, context.signal);
    return 0;
  },
};
