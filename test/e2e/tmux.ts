import { execFileSync, spawnSync } from 'node:child_process';
import { pause } from './hubtop-process.ts';

/** A real terminal for the bundle: tmux on a server of its own. */
export class TmuxTerminal {
  readonly #socket: string;

  constructor(size: { cols: number; rows: number }, name: string) {
    this.#socket = `hubtop-${name}-${process.pid}`;
    this.#tmux('new-session', '-d', '-x', String(size.cols), '-y', String(size.rows), 'bash --norc --noprofile');
    this.#tmux('set-option', '-g', 'status', 'off');
    this.#tmux('resize-window', '-x', String(size.cols), '-y', String(size.rows));
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, '-f', '/dev/null', ...args], { encoding: 'utf8', env: { ...process.env, SHELL: '/bin/sh', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' } });
  }

  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  press(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  screen(): string {
    return this.#tmux('capture-pane', '-p');
  }

  async waitFor(pattern: RegExp, timeoutMs: number): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const text = this.screen();
      if (pattern.test(text)) return text;
      if (Date.now() > deadline) throw new Error(`never saw ${pattern} on the screen:\n${text}`);
      await pause(50);
    }
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
  }
}
