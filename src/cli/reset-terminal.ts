import { spawnSync } from 'node:child_process';
import { RESTORE } from '../terminal/terminal-guard.ts';
import type { Command } from './command.ts';

/** `hubtop --reset-terminal`: what a dashboard that was killed on the spot could not do any more. */
export const resetTerminal: Command = {
  usage: '--reset-terminal',
  summary: 'Give the shell its terminal back after a dashboard was killed (kill -9)',
  flags: [],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(_values, _positionals, context) {
    if (context.stdoutIsTty) await context.print(RESTORE);
    // echo and line editing; where there is no stty the sequences have to do
    if (context.stdinIsTty) spawnSync('stty', ['sane'], { stdio: ['inherit', 'ignore', 'ignore'] });
    return 0;
  },
};
