import { HUBTOP_VERSION } from '../lib/version.ts';
import type { Command } from './command.ts';

/** `hubtop version`. */
export const version: Command = {
  usage: 'version',
  summary: 'Print the version',
  flags: [],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(_values, _positionals, context) {
    await context.print(`hubtop ${HUBTOP_VERSION} on node ${process.versions.node} ${process.platform}/${process.arch}\n`);
    return 0;
  },
};
