import { type Command, type CommandContext, runCommand } from './command.ts';
import { type CommandEntry, commands, defaultCommand } from './commands.ts';
import { describeFailure } from './describe-failure.ts';
import type { Flag } from './flags.ts';

/** Runs one command line and gives the exit code; never throws. */
export async function runProgram(args: readonly string[], context: CommandContext): Promise<number> {
  try {
    return await dispatch(args, context);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError' && context.signal.aborted) return 0;
    context.printError(`hubtop: ${describeFailure(error)}`);
    return 1;
  }
}

async function dispatch(args: readonly string[], context: CommandContext): Promise<number> {
  const first = args[0] ?? '';
  if (first === '--version') {
    const { version } = await import('./version.ts');
    return runCommand(version, [], context);
  }
  if (first === '--reset-terminal') {
    const { resetTerminal } = await import('./reset-terminal.ts');
    return runCommand(resetTerminal, args.slice(1), context);
  }
  if (first === 'help' || ((first === '--help' || first === '-h') && args.length === 1)) return help(args[1], context);
  const dashboard = commands.find((entry) => entry.name === defaultCommand);
  const top = dashboard === undefined ? undefined : await dashboard.load();
  const at = commandAt(args, top?.flags ?? []);
  const name = args[at];
  if (name === undefined) return top === undefined ? help(undefined, context) : runCommand(top, args, context);
  const entry = commands.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    context.printError(`hubtop: unknown command "${name}": see hubtop --help`);
    return 2;
  }
  const command: Command = entry === dashboard && top !== undefined ? top : await entry.load();
  return runCommand(command, [...args.slice(0, at), ...args.slice(at + 1)], context);
}

/** Position of the first word that is neither a flag nor a flag's value; args.length when there is none. */
function commandAt(args: readonly string[], flags: readonly Flag[]): number {
  let i = 0;
  for (; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (!arg.startsWith('-')) return i;
    const flag = flags.find((candidate) => arg === `--${candidate.name}` || arg === `-${candidate.short ?? ''}`);
    if (flag !== undefined && flag.kind !== 'bool' && flag.kind !== 'optional') i += 1;
  }
  return i;
}

async function help(name: string | undefined, context: CommandContext): Promise<number> {
  const entry = commands.find((candidate) => candidate.name === name);
  if (entry !== undefined) return runCommand(await entry.load(), ['--help'], context);
  await context.print(overview(commands));
  return 0;
}

function overview(entries: readonly CommandEntry[]): string {
  const shown = entries.filter((entry) => entry.isHidden !== true);
  const width = Math.max(...shown.map((entry) => entry.name.length)) + 3;
  const lines = shown.map((entry) => `  ${entry.name.padEnd(width)}${entry.summary}`);
  return [
    "top for a cluster's network: who talks to whom, what is dropped and why, and what nobody saw",
    '',
    'Usage: hubtop [command] [flags]',
    '',
    'Without a command: the dashboard, on the relay or agent that --server names.',
    '',
    'Commands:',
    ...lines,
    '',
    'hubtop COMMAND --help says more. hubtop --reset-terminal tidies up after kill -9.',
    '',
  ].join('\n');
}
