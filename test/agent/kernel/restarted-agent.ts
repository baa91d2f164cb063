import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { bundle } from '../../e2e/hubtop-process.ts';

/** An agent of the real bundle that is started again, the same way, whenever it was killed or could not start: as a user or systemd would. */
export class RestartedAgent {
  private child: ChildProcess | undefined;
  private isStopping = false;
  private readonly log: string[] = [];
  starts = 0;
  private ready: Promise<void> = Promise.resolve();

  constructor(private readonly args: readonly string[]) {}

  start(): void {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, bundle, 'agent', ...this.args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.starts++;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { this.log.push(text); });
    this.ready = new Promise((resolve) => {
      child.stdout?.setEncoding('utf8').on('data', (text: string) => { if (text.startsWith('ready')) resolve(); });
    });
    child.once('exit', () => { if (!this.isStopping) setTimeout(() => { this.start(); }, 200); });
  }

  /** The end of what its processes said. */
  get words(): string {
    return this.log.join('').slice(-2_000);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Resolves when one serves, whichever start that is. */
  async serves(): Promise<void> {
    for (;;) {
      const { starts } = this;
      const isReady = await Promise.race([this.ready.then(() => true), new Promise<false>((resolve) => { setTimeout(() => { resolve(false); }, 100); })]);
      if (isReady && starts === this.starts && this.child?.exitCode === null && this.child.signalCode === null) return;
    }
  }

  async stop(): Promise<number | null> {
    this.isStopping = true;
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit') as [number | null];
    return code;
  }
}
