import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';
import { type CommandContext } from './cli/command.ts';
import { describeFailure } from './cli/describe-failure.ts';
import { runProgram } from './cli/program.ts';
import { StandardOutput } from './cli/standard-output.ts';
import { scrub } from './lib/scrub.ts';
import { lastWords } from './terminal/last-words.ts';

/** Signals that end the program in good order; a later one ends it at once. */
const endingSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** npm and the terminal both pass a Ctrl-C on: two signals in a row are one wish. */
const sameWishMs = 1000;

const longestErrorLine = 2_000;

async function main(): Promise<void> {
  const controller = new AbortController();
  const output = new StandardOutput(process.stdout, () => { controller.abort(); });
  process.stderr.on('error', () => { /* nobody reads our complaints: nothing to be done about it */ });
  let askedAtMs = 0;
  for (const signal of endingSignals) {
    process.on(signal, () => {
      isHungUp ||= signal === 'SIGHUP';
      if (askedAtMs === 0) askedAtMs = Date.now();
      else if (Date.now() - askedAtMs > sameWishMs) process.exit(130);
      controller.abort();
      output.giveUp();
    });
  }
  const crash = (error: unknown): void => {
    // exit handlers give the terminal back before this process is gone
    process.exitCode = 1;
    process.once('exit', () => { lastWords(process.stderr, `${printable(`hubtop: ${describeFailure(error)}`)}\n`); });
    exit(1);
  };
  // node prints warnings over a dashboard; they are for us, not for users
  if (process.env['HUBTOP_DEBUG'] === undefined) process.removeAllListeners('warning');
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const context: CommandContext = {
    env: process.env,
    print: (text) => output.write(text),
    printError: (text) => { process.stderr.write(`${printable(text)}\n`); },
    stdoutIsTty: process.stdout.isTTY,
    stdinIsTty: process.stdin.isTTY,
    signal: controller.signal,
  };
  const exitCode = await runProgram(process.argv.slice(2), context);
  await output.flush();
  exit(exitCode);
}

const standardFds = [0, 1, 2] as const;
const terminalsAtStart = standardFds.filter((fd) => isatty(fd));

let isHungUp = false;

// Node sets the terminal back when it ends, and aborts with a native trace and a core dump where that is gone: a dropped SSH line.
// Everybody else's exit handlers come before this one; whoever is told of the end of his line dies of that.
function exit(code: number): never {
  process.once('exit', () => {
    if (!isHungUp && terminalsAtStart.every((fd) => isatty(fd))) return;
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, isHungUp ? 'SIGHUP' : 'SIGKILL');
  });
  process.exit(code);
}

// names in it may be a stranger's: a server's words, a file's objects
function printable(text: string): string {
  return text.split('\n').map((line) => scrub(line, longestErrorLine)).join('\n');
}

async function runWorker(): Promise<void> {
  const { runWorkerRole } = await import('./cli/worker-roles.ts');
  await runWorkerRole();
}

void (isMainThread ? main() : runWorker());
