import { type Command, UsageError } from './command.ts';
import { readScreen, requireTerminal, runScreen, viewFlag } from './screen-flags.ts';
import { untilAborted } from './wait.ts';

const maxNodes = 99;

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
    viewFlag,
  ],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const choice = await readScreen(values);
    const [nodes, rate, seed] = [values.count('nodes'), values.count('rate'), values.count('seed')];
    if (nodes !== undefined && (nodes < 1 || nodes > maxNodes)) throw new UsageError(`invalid argument "${nodes}" for "--nodes" flag: expected 1 to ${maxNodes}`);
    if (rate === 0) throw new UsageError('invalid argument "0" for "--rate" flag: expected at least 1');
    if (!values.bool('no-tui')) requireTerminal(context, 'use --no-tui to serve only, and hubtop --batch for frames as text');
    const [{ startDemo }, { startRelay }] = await Promise.all([import('../../agent/demo/demo.ts'), import('../relay/relay.ts')]);
    const running = await startDemo({
      listen: [values.text('listen') ?? '127.0.0.1:0'],
      ...(nodes === undefined ? {} : { nodes }),
      ...(rate === undefined ? {} : { rate }),
      ...(seed === undefined ? {} : { seed }),
    }, (options) => startRelay({ ...options, name: 'demo' }));
    try {
      if (!values.bool('no-tui')) {
        const { connectCluster } = await import('../client/cluster-client.ts');
        return await runScreen(connectCluster({ server: running.address }), choice, context);
      }
      await context.print(`ready ${running.address}\n`);
      await untilAborted(context.signal);
      return 0;
    } finally {
      await running.close();
    }
  },
};
