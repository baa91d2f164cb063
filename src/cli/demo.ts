import type { DashboardSource } from '../app/session.ts';
import { type Command, type CommandContext, UsageError } from './command.ts';
import type { FlagValues } from './flags.ts';
import { linearFlag, readScreen, requireTerminal, runScreen, screenFlags, type ScreenChoice } from './screen-flags.ts';
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
    { name: 'scenario', kind: 'text', value: 'NAME', help: 'play an incident on a small cluster instead; list prints their names' },
    { name: 'listen', kind: 'text', value: 'ADDRESS', help: 'where the relay listens (default a free port on 127.0.0.1)' },
    ...screenFlags,
    linearFlag,
  ],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const choice = await readScreen(values, context.env);
    const scenario = values.text('scenario');
    if (scenario === 'list') return listScenarios(context);
    const start = await (scenario === undefined ? readCluster(values) : readScenario(values, scenario));
    if (!values.bool('no-tui') && !choice.isLinear) requireTerminal(context, 'use --no-tui to serve only, and hubtop --batch for frames as text');
    if (!values.bool('no-tui')) return runDemoScreen(start, { choice, name: values.text('listen') ?? scenario ?? 'demo' }, context);
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

type Start = () => Promise<RunningDemo>;

/** The usual demo, as the flags want it; throws UsageError. */
async function readCluster(values: FlagValues): Promise<Start> {
  const nodes = values.count('nodes');
  if (nodes !== undefined && (nodes < 1 || nodes > maxNodes)) throw new UsageError(`invalid argument "${nodes}" for "--nodes" flag: expected 1 to ${maxNodes}`);
  const common = readCommon(values);
  return async () => {
    const [{ startDemo }, { startRelay }] = await Promise.all([import('../../agent/demo/demo.ts'), import('../relay/relay.ts')]);
    return startDemo({ ...common, ...(nodes === undefined ? {} : { nodes }) }, (options) => startRelay({ ...options, name: 'demo' }));
  };
}

/** An incident, played; throws UsageError for one that nobody knows. */
async function readScenario(values: FlagValues, name: string): Promise<Start> {
  const { stories } = await import('../../agent/demo/story/story-list.ts');
  const story = stories.find((candidate) => candidate.name === name);
  if (story === undefined) throw new UsageError(`no scenario named "${name}"; there are ${stories.map((known) => known.name).join(', ')}`);
  if (values.count('nodes') !== undefined) throw new UsageError('--scenario has a cluster of its own: --nodes does not go with it');
  const common = readCommon(values);
  return async () => {
    const [{ startScenario }, { startRelay }] = await Promise.all([import('../../agent/demo/scenario.ts'), import('../relay/relay.ts')]);
    return startScenario({ ...common, story }, (options) => startRelay({ ...options, name: 'demo' }));
  };
}

function readCommon(values: FlagValues): { listen: string[]; rate?: number; seed?: number } {
  const [rate, seed] = [values.count('rate'), values.count('seed')];
  if (rate === 0) throw new UsageError('invalid argument "0" for "--rate" flag: expected at least 1');
  return { listen: [values.text('listen') ?? '127.0.0.1:0'], ...(rate === undefined ? {} : { rate }), ...(seed === undefined ? {} : { seed }) };
}

async function listScenarios(context: CommandContext): Promise<number> {
  const { stories } = await import('../../agent/demo/story/story-list.ts');
  const width = Math.max(...stories.map(({ name }) => name.length)) + 3;
  await context.print(stories.map(({ name, title }) => `${name.padEnd(width)}${title}\n`).join(''));
  return 0;
}

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
