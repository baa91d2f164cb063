import type { DashboardSource } from '../app/session.ts';
import type { Command } from './command.ts';
import { connectionFlags, readConnection } from './connection-flags.ts';
import { batchFlags, readScreen, requireTerminal, runScreen, viewFlag } from './screen-flags.ts';

/** `hubtop` without a command: the dashboard, or frames as text. */
export const dashboard: Command = {
  usage: '[dashboard] [flags]',
  summary: 'The dashboard, on a relay or a single agent',
  flags: [viewFlag, ...batchFlags, ...connectionFlags],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const settings = readConnection(values, context.env);
    const choice = await readScreen(values);
    if (choice.batch === undefined) requireTerminal(context, 'use --batch for frames as text');
    const open = async (): Promise<DashboardSource> => {
      const { connectCluster } = await import('../client/cluster-client.ts');
      return connectCluster({ server: settings.server, tls: settings.tls, metadata: settings.metadata });
    };
    return runScreen({ name: settings.server, open }, choice, context);
  },
};
