import type { PolicyMode } from '../../agent/decode/kernel.ts';
import type { Command, CommandContext } from './command.ts';
import { readMode } from './policy-mode.ts';
import { linearFlag, readScreen, requireTerminal, runScreen, screenFlags, type ScreenChoice } from './screen-flags.ts';

/** How often a lab without a dashboard looks whether all its processes live. */
const checkMs = 500;

/** `hubtop lab`: a pocket cluster on this machine. */
export const lab: Command = {
  usage: 'lab [flags]',
  summary: 'A pocket cluster of network namespaces on this machine, and the dashboard on it (root)',
  flags: [
    { name: 'no-tui', kind: 'bool', help: 'no dashboard; prints "ready ADDRESS" once flows of both nodes arrive' },
    { name: 'listen', kind: 'text', value: 'ADDRESS', help: 'where the relay listens (default 127.0.0.1:4245 with --no-tui, else a free port)' },
    { name: 'mode', kind: 'text', value: 'MODE', help: 'what becomes of connections that policies deny: observe, audit or enforce (default: the lab owns its namespaces)' },
    { name: 'clean', kind: 'bool', help: 'remove what a crashed lab left behind, and end' },
    ...screenFlags,
    linearFlag,
  ],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const choice = await readScreen(values, context.env);
    if (values.bool('clean')) return clean(context);
    const hasTui = !values.bool('no-tui');
    if (hasTui && !choice.isLinear) requireTerminal(context, 'use --no-tui to serve only, and hubtop --batch for frames as text');
    return runLab({ choice, hasTui, mode: readMode(values.text('mode') ?? 'enforce'), listen: values.text('listen') ?? (hasTui ? '127.0.0.1:0' : '127.0.0.1:4245') }, context);
  },
};

async function clean(context: CommandContext): Promise<number> {
  const { cleanLabs } = await import('../../agent/lab/lab-state.ts');
  const removed = await cleanLabs();
  await context.print(removed.length === 0 ? 'nothing to clean\n' : removed.map((id) => `removed lab ${id}\n`).join(''));
  return 0;
}

async function runLab(options: { choice: ScreenChoice; hasTui: boolean; mode: PolicyMode; listen: string }, context: CommandContext): Promise<number> {
  const [{ startLab }, { startRelay }] = await Promise.all([import('../../agent/lab/lab.ts'), import('../relay/relay.ts')]);
  const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  let running: Awaited<ReturnType<typeof startLab>> | undefined;
  let relay: Awaited<ReturnType<typeof startRelay>> | undefined;
  try {
    running = await startLab({ program, mode: options.mode, signal: context.signal, onWarning: (line) => { context.printError(`hubtop lab: ${line}`); } });
    relay = await startRelay({ name: 'lab', peers: running.agents.map(({ node, address }) => `${node}=${address}`), listen: [options.listen] });
    const address = relay.addresses[0] ?? '';
    if (options.hasTui) {
      const { connectCluster } = await import('../client/cluster-client.ts');
      return await runScreen({ name: address, open: async () => connectCluster({ server: address }) }, options.choice, context);
    }
    await running.flowsArrive(address);
    await context.print(`ready ${address}\n`);
    await watchProcesses(() => { running?.check(); }, context.signal);
    return 0;
  } catch (error) {
    if (context.signal.aborted) return 0;
    throw error;
  } finally {
    await relay?.close();
    await running?.close();
  }
}

/** Resolves with the signal, rejects when a process of the lab has ended. */
function watchProcesses(check: () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      try {
        if (!signal.aborted) check();
      } catch (error) {
        clearInterval(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    }, checkMs);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      resolve();
    }, { once: true });
  });
}
