import type { DashboardSource } from '../app/session.ts';
import { type Command, type CommandContext, UsageError } from './command.ts';
import { readScreen, requireTerminal, runScreen, screenFlags, type ScreenChoice } from './screen-flags.ts';
import { untilAborted } from './wait.ts';

const maxNodes = 99;

interface RunningDemo {
  address: string;
  close(): Promise<void>;
}

/** `hubtop demo`: a cluster in this process and the dashboard on it. */
export const demo: Command = {
  usage: 'demo [flags]',
  summary: 'A simulated cluster in this process, and the dashboard on it',
  flags: [
    { name: 'no-tui', kind: 'bool', help: 'serve only; prints "ready ADDRESS"' },
    { name: 'nodes', kind: 'count', value: 'N', help: 'nodes of the cluster, 1 to 99 (default 12)' },
    { name: 'rate', kind: 'count', value: 'N', help: 'flows a second, all nodes together' },
    { name: 'seed', kind: 'count', value: 'N', help: 'the same traffic for the same number (default 1)' },
    { name: 'listen', kind: 'text', value: 'ADDRESS', help: 'where the relay listens (default a free port on 127.0.0.1)' },
    ...screenFlags,
  ],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const choice = await readScreen(values, context.env);
    const [nodes, rate, seed] = [values.count('nodes'), values.count('rate'), values.count('seed')];
    if (nodes !== undefined && (nodes < 1 || nodes > maxNodes)) throw new UsageError(`invalid argument "${nodes}" for "--nodes" flag: expected 1 to ${maxNodes}`);
    if (rate === 0) throw new UsageError('invalid argument "0" for "--rate" flag: expected at least 1');
    if (!values.bool('no-tui')) requireTerminal(context, 'use --no-tui to serve only, and hubtop --batch for frames as text');
    const start = async (): Promise<RunningDemo> => {
      const [{ startDemo }, { startRelay }] = await Promise.all([import('../../agent/demo/demo.ts'), import('../relay/relay.ts')]);
      return startDemo({
        listen: [values.text('listen') ?? '127.0.0.1:0'],
        ...(nodes === undefined ? {} : { nodes }),
        ...(rate === undefined ? {} : { rate }),
        ...(seed === undefined ? {} : { seed }),
      }, (options) => startRelay({ ...options, name: 'demo' }));
    };
    if (!values.bool('no-tui')) return runDemoScreen(start, { choice, name: values.text('listen') ?? 'demo' }, context);
    const running = await start();
    try {
      await context.print(`ready ${running.address}\n`);
      await untilAborted(context.signal);
      return 0;
    } finally {
      await running.close();
    }
  },
};

// the screen comes first: a cluster takes longer to start than a frame to draw
async function runDemoScreen(start: () => Promise<RunningDemo>, shape: { choice: ScreenChoice; name: string }, context: CommandContext): Promise<number> {
  let starting: Promise<RunningDemo> | undefined;
  const open = async (): Promise<DashboardSource> => {
    starting = start();
    const [running, { connectCluster }] = await Promise.all([starting, import('../client/cluster-client.ts')]);
    return connectCluster({ server: running.address });
  };
  try {
    return await runScreen({ name: shape.name, open }, shape.choice, context);
  } finally {
    const running = await starting?.catch(() => undefined);
    await running?.close();
  }
}
