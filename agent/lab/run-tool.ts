import { spawn } from 'node:child_process';

/** Something the lab needs of this machine failed: what, on what, and what the tool said. */
export class LabError extends Error {}

/** Runs a program to its end and returns what it printed; throws LabError with its first line of complaint. */
export function runTool(command: readonly string[], input = ''): Promise<string> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.on('error', (cause) => { reject(new LabError(`cannot run ${program}: ${cause.message}; the lab needs iproute2 and util-linux`, { cause })); });
    child.on('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new LabError(`${command.join(' ')}: ${stderr.trim().split('\n')[0] ?? ''} (exit ${code})`));
    });
    // A program that does not read its input is no failure of ours.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
