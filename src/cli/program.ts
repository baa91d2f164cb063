import { type Command, CommandError, type CommandContext, runCommand } from './command.ts';
import { type CommandEntry, commands, defaultCommand } from './commands.ts';
import type { Flag } from './flags.ts';

/** Errors of the language itself: a mistake of ours, so the stack is worth more than one line. */
const bugs = [TypeError, RangeError, ReferenceError, SyntaxError];

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

/** One line for what a user can act on, the stack for our own mistakes. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof CommandError) return error.message;
  if (bugs.some((bug) => error instanceof bug)) return `internal error: ${error.stack ?? error.message}`;
  return error.message.replaceAll(/\s*\n\s*/g, ': ');
}

async function dispatch(args: readonly string[], context: CommandContext): Promise<number> {
  const first = args[0] ?? '';
  if (first === '--version') {
    const { version } = await import('./version.ts');
    return runCommand(version, [], context);
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
    'hubtop COMMAND --help says more.',
    '',
  ].join('\n');
}
