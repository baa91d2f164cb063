import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export const bundle = join(import.meta.dirname, '../../dist/hubtop.js');
export const isRoot = process.getuid?.() === 0;
export const hasTmux = spawnSync('tmux', ['-V']).status === 0;
export const canRunKernel = isRoot && existsSync('/sys/kernel/btf/vmlinux') && existsSync(join(import.meta.dirname, '../../dist/bpf/hubtop.o'));

/** Runs the bundle to its end. */
export function runHubtop(args: string[], options: { env?: NodeJS.ProcessEnv; timeoutMs?: number; cwd?: string } = {}): { status: number | null; stdout: string; stderr: string } {
  const result = spawnSync(process.execPath, [bundle, ...args], {
    encoding: 'utf8',
    timeout: options.timeoutMs ?? 20_000,
    env: options.env ?? process.env,
    maxBuffer: 64 << 20,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

export interface Running {
  child: ChildProcessByStdio<null, Readable, Readable>;
  stdout: () => string;
  stderr: () => string;
  /** Resolves with the first stdout text that matches; rejects when the process ends or time is up. */
  waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the bundle and keeps what it prints. */
export function startHubtop(args: string[]): Running {
  const child = spawn(process.execPath, [bundle, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let ended = false;
  const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => { ended = true; resolve(code); }));
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  const waitFor = async (pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray> => {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const match = stdout.match(pattern);
      if (match !== null) return match;
      if (ended || Date.now() > deadline) throw new Error(`no ${pattern} from hubtop ${args.join(' ')}: ${stdout}${stderr}`);
      await pause(50);
    }
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (!ended) child.kill(signal);
    return exit;
  };
  return { child, stdout: () => stdout, stderr: () => stderr, waitFor, stop };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
