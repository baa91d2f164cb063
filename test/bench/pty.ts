import { spawn, type ChildProcess } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

/** What a program on the terminal sees of it: an xterm of 120x40 that answers what it is asked. */
const SIZE = { cols: 120, rows: 40 };
const ANSWERS: Readonly<Record<string, string>> = { '\x1b[6n': '\x1b[1;2R', '\x1b]11;?\x07': '\x1b]11;rgb:0000/0000/0000\x07', '\x1b[c': '\x1b[?62;22c', '\x1b[5n': '\x1b[0n' };
// oxlint-disable-next-line no-control-regex
const QUESTIONS = /\x1b\[[56]n|\x1b\[c|\x1b\]11;\?\x07/g;
/** Longest question less one: what may stand in the chunk before. */
const PART_OF_QUESTION = 7;
/** Text kept to look for what was waited for; a frame is a tenth of it. */
const KEPT = 65_536;

/** Shell commands on a terminal of their own (`script` makes it), what they print, and the keys they are sent. */
export class Pty {
  private readonly child: ChildProcess;
  private text = '';
  private readonly utf8 = new StringDecoder('utf8');
  private tail = '';
  private readonly waiting = new Set<() => void>();
  /** When the newest output came, by performance.now(). */
  private heardMs = 0;

  constructor(command: string, env: NodeJS.ProcessEnv = {}) {
    const { SSH_TTY: _tty, SSH_CONNECTION: _connection, NO_COLOR: _colour, ...rest } = process.env;
    this.child = spawn('script', ['-qfc', `stty cols ${SIZE.cols} rows ${SIZE.rows}; ${command}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'], env: { ...rest, TERM: 'xterm-256color', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...env },
    });
    this.child.stdout?.on('data', (chunk: Buffer) => this.hear(this.utf8.write(chunk)));
  }

  /** Sends keys; gives when, by performance.now(). What was printed before does not count for until() any more. */
  press(keys: string): number {
    this.text = '';
    const atMs = performance.now();
    this.child.stdin?.write(keys);
    return atMs;
  }

  /** Resolves with the time when the pattern was on its way; rejects after the limit. Sequences that set looks are left out of what it is compared with. */
  async until(pattern: RegExp, limitMs: number): Promise<number> {
    const deadline = performance.now() + limitMs;
    while (!pattern.test(plain(this.text))) {
      if (performance.now() > deadline) throw new Error(`bench: ${pattern} did not come in ${limitMs} ms: ${JSON.stringify(plain(this.text).slice(-2_000))}`);
      await this.heard(deadline - performance.now());
    }
    return this.heardMs;
  }

  /** Resolves when the command ended. */
  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await new Promise((resolve) => { this.child.once('exit', resolve); });
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private hear(text: string): void {
    this.heardMs = performance.now();
    this.text = (this.text + text).slice(-KEPT);
    this.answer(text);
    for (const wake of this.waiting) wake();
  }

  private answer(text: string): void {
    const unanswered = this.tail + text;
    let end = 0;
    let answers = '';
    for (const match of unanswered.matchAll(QUESTIONS)) {
      answers += ANSWERS[match[0]] ?? '';
      end = match.index + match[0].length;
    }
    this.tail = unanswered.slice(Math.max(end, unanswered.length - PART_OF_QUESTION));
    if (answers !== '') this.child.stdin?.write(answers);
  }

  private heard(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, limitMs);
      this.waiting.add(done);
    });
  }
}

function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/\x1b\[[\d;]*m/g, '');
}
