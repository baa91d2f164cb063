import type { CommandContext } from '../../../src/cli/command.ts';

/** A world without terminal, environment or signals that keeps what was printed. */
export function fakeContext(env: CommandContext['env'] = {}): CommandContext & { out: () => string; errors: () => string[] } {
  let out = '';
  const errors: string[] = [];
  return {
    env,
    print: (text) => {
      out += typeof text === 'string' ? text : new TextDecoder().decode(text);
      return Promise.resolve();
    },
    printError: (text) => { errors.push(text); },
    stdoutIsTty: false,
    stdinIsTty: false,
    signal: new AbortController().signal,
    out: () => out,
    errors: () => errors,
  };
}
