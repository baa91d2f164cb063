import { type Flag, FlagValues, describeFlags, parseFlags } from './flags.ts';

/** Everything a command may touch of the world; tests pass their own. */
export interface CommandContext {
  env: Record<string, string | undefined>;
  /** Resolves when the text may be followed by more; a closed pipe aborts the signal instead of failing. */
  print(text: string | Uint8Array): Promise<void>;
  printError(text: string): void;
  stdoutIsTty: boolean;
  stdinIsTty: boolean;
  /** Aborted by Ctrl-C, SIGTERM, or when nobody reads stdout any more. */
  signal: AbortSignal;
}

/** One command: everything its help and its run need. */
export interface Command {
  /** Words after `hubtop`, arguments included: `observe [flows]`. */
  usage: string;
  summary: string;
  flags: readonly Flag[];
  /** What the help says below the flags. */
  details?: string;
  /** Exit code of wrong usage: 2, and 1 for the verbs that `hubble` has. */
  usageExitCode: 1 | 2;
  /** Most words besides the flags. */
  maxPositionals: number;
  run(values: FlagValues, positionals: readonly string[], context: CommandContext): Promise<number>;
}

/** The command line was wrong: one line, and the command's usage exit code. */
export class UsageError extends Error {}

/** Something the user can act on failed: one line, exit 1, no stack. */
export class CommandError extends Error {}

/** Parses the arguments, answers --help, runs, and turns usage errors into a line and an exit code. */
export async function runCommand(command: Command, args: readonly string[], context: CommandContext): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await context.print(describeCommand(command));
    return 0;
  }
  const result = parseFlags(command.flags, args);
  if (!result.ok) return refuse(command, result.error, context);
  const { given, positionals } = result.parsed;
  const excess = positionals[command.maxPositionals];
  if (excess !== undefined) return refuse(command, `unexpected argument "${excess}"`, context);
  try {
    return await command.run(new FlagValues(given), positionals, context);
  } catch (error) {
    if (error instanceof UsageError) return refuse(command, error.message, context);
    throw error;
  }
}

function refuse(command: Command, message: string, context: CommandContext): number {
  context.printError(`hubtop: ${message}`);
  return command.usageExitCode;
}

/** Help text of one command. */
export function describeCommand(command: Command): string {
  return `${command.summary}\n\nUsage: hubtop ${command.usage}\n${describeFlags(command.flags)}\n${command.details === undefined ? '' : `\n${command.details}\n`}`;
}
