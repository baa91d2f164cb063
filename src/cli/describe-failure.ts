import { CommandError } from './command.ts';

/** Errors of the language itself: a mistake of ours, so the stack is worth more than one line. */
const bugs = [TypeError, RangeError, ReferenceError, SyntaxError];

/** One line for what a user can act on, the stack for our own mistakes. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof CommandError) return error.message;
  if (bugs.some((bug) => error instanceof bug)) return `internal error: ${error.stack ?? error.message}`;
  return error.message.replaceAll(/\s*\n\s*/g, ': ');
}
