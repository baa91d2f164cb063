import { execFileSync, spawnSync } from 'node:child_process';
import { pause } from './hubtop-process.ts';

let servers = 0;

/** A real terminal for the bundle: tmux on a server of its own. */
export class TmuxTerminal {
  readonly #socket: string;

  constructor(size: { cols: number; rows: number }, name: string) {
    // a server that is still on its way out must not be asked for the next terminal
    this.#socket = `hubtop-${name}-${process.pid}-${++servers}`;
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

  /** Sends bytes as they are, each group on its own. */
  bytes(...groups: number[][]): void {
    for (const group of groups) this.#tmux('send-keys', '-H', ...group.map((byte) => byte.toString(16).padStart(2, '0')));
  }

  /** Pastes as a person would: bracketed where the program asked for it. */
  paste(text: string): void {
    this.#tmux('set-buffer', '-b', 'paste', text);
    this.#tmux('paste-buffer', '-p', '-d', '-b', 'paste');
  }

  resize(cols: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(cols), '-y', String(rows));
  }

  set(...option: string[]): void {
    this.#tmux('set-option', ...option);
  }

  /** What tmux knows of the pane, by the names of its formats. */
  show(...formats: string[]): string {
    return this.#tmux('display-message', '-p', formats.map((format) => `${format}=#{${format}}`).join(' ')).trim();
  }

  /** Modes a program may leave behind. */
  modes(): string {
    return this.show('alternate_on', 'cursor_flag', 'insert_flag', 'keypad_cursor_flag', 'keypad_flag', 'mouse_any_flag', 'mouse_sgr_flag', 'origin_flag', 'wrap_flag', 'scroll_region_upper', 'scroll_region_lower');
  }

  /** Names of tmux's paste buffers: what OSC 52 set, where it may. */
  buffers(): string {
    return this.#tmux('list-buffers', '-F', '#{buffer_sample}').trim();
  }

  /** Process ids of the server and of the pane's shell. */
  pids(): { server: number; shell: number } {
    const [server = 0, shell = 0] = this.#tmux('display-message', '-p', '#{pid} #{pane_pid}').trim().split(' ').map(Number);
    return { server, shell };
  }

  press(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  screen(): string {
    return this.#tmux('capture-pane', '-p');
  }

  /** The same with the colours and attributes as sequences. */
  screenWithLooks(): string {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  async waitFor(pattern: { test(text: string): boolean; toString(): string }, timeoutMs: number): Promise<string> {
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
