import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** An agent as a process that is asked, stopped or killed; the command is what nsenter gets. */
export class AgentProcess {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private complaint = '';

  constructor(command: readonly string[]) {
    const child = spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child = child;
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.on('data', (part: Buffer) => { this.complaint += String(part); });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Its next line on stdout. */
  async line(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error(`the agent ended: ${this.complaint}`);
    return value;
  }

  ask(): void {
    this.child.stdin?.write('?\n');
  }

  /** What it said on stderr to its end. */
  async stop(): Promise<string> {
    this.child.kill('SIGTERM');
    await once(this.child, 'close');
    return this.complaint;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
