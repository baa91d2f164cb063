import { fork, type ChildProcess } from 'node:child_process';
import type { Answer, Ask } from './rpc-roles.ts';

/** A process of the bench: does what it is asked, one thing at a time, and measures only itself. */
export class Role {
  private readonly child: ChildProcess = fork(__filename, ['--role']);

  ask(ask: Ask): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const gone = (code: number | null): void => reject(new Error(`a process of the bench ended with ${code}`));
      this.child.once('exit', gone);
      this.child.once('message', (answer) => {
        this.child.off('exit', gone);
        resolve(answer as Answer);
      });
      this.child.send(ask);
    });
  }

  stop(): void {
    this.child.disconnect();
  }
}

/** CPU of `role` while `work` runs, and the answer to it. */
export async function cpuOf(role: Role, work: () => Promise<Answer>): Promise<{ cpuMs: number; answer: Answer }> {
  const before = await role.ask({ do: 'cpu' });
  const answer = await work();
  const after = await role.ask({ do: 'cpu' });
  return { cpuMs: after.cpuMs - before.cpuMs, answer };
}
