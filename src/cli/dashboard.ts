import type { DashboardSource } from '../app/session.ts';
import { clusterOpener } from './cluster-source.ts';
import type { Command } from './command.ts';
import { connectionFlags, readConnection } from './connection-flags.ts';
import { metricsFlag, readMetrics } from './metrics-flags.ts';
import { reachServer } from './reach-server.ts';
import { batchFlags, linearFlag, readScreen, requireTerminal, runScreen, screenFlags } from './screen-flags.ts';

/** `hubtop` without a command: the dashboard, or frames as text. */
export const dashboard: Command = {
  usage: '[dashboard] [flags]',
  summary: 'The dashboard, on a relay or a single agent',
  flags: [...screenFlags, linearFlag, ...batchFlags, metricsFlag, ...connectionFlags],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const settings = readConnection(values, context.env);
    const choice = await readScreen(values, context.env);
    if (choice.batch === undefined && !choice.isLinear) requireTerminal(context, 'use --batch for frames as text');
    const metrics = readMetrics(values, settings);
    const open = async (): Promise<DashboardSource> => {
      const openCluster = await clusterOpener(await reachServer(settings, context), metrics);
      return openCluster();
    };
    return runScreen({ name: settings.portForward === undefined ? settings.server : 'kubectl', open }, choice, context);
  },
};
