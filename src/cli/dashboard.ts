import type { DashboardSource } from '../app/session.ts';
import type { ClientMessage } from '../client/client-message.ts';
import type { ClusterClient } from '../client/cluster-client.ts';
import type { MetricsTarget } from '../client/metrics/metrics-poller.ts';
import { scrub } from '../lib/scrub.ts';
import type { Command } from './command.ts';
import { connectionFlags, readConnection } from './connection-flags.ts';
import { metricsFlag, readMetrics } from './metrics-flags.ts';
import { reachServer, type ReachedServer } from './reach-server.ts';
import { batchFlags, readScreen, requireTerminal, runScreen, viewFlag } from './screen-flags.ts';

/** `hubtop` without a command: the dashboard, or frames as text. */
export const dashboard: Command = {
  usage: '[dashboard] [flags]',
  summary: 'The dashboard, on a relay or a single agent',
  flags: [viewFlag, ...batchFlags, metricsFlag, ...connectionFlags],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const settings = readConnection(values, context.env);
    const choice = await readScreen(values);
    if (choice.batch === undefined) requireTerminal(context, 'use --batch for frames as text');
    const metrics = readMetrics(values, settings);
    const open = async (): Promise<DashboardSource> => {
      const [reached, { connectCluster }] = await Promise.all([reachServer(settings, context), import('../client/cluster-client.ts')]);
      const { server, tls, metadata } = reached.settings;
      return joined(connectCluster({ server, tls, metadata }), reached, metrics);
    };
    return runScreen({ name: settings.portForward === undefined ? settings.server : 'kubectl', open }, choice, context);
  },
};

async function joined(client: ClusterClient, { settings, forward, close }: ReachedServer, metrics: readonly MetricsTarget[]): Promise<DashboardSource> {
  const kube = settings.portForward?.kube;
  if (kube === undefined && metrics.length === 0) return client;
  const [{ joinClient }, { pollMetrics }, { forwardMetrics }] = await Promise.all([
    import('../client/joined-client.ts'), import('../client/metrics/metrics-poller.ts'), import('../client/kube/metrics-forwards.ts'),
  ]);
  return joinClient(client, {
    name: scrub(forward?.context ?? ''),
    failure: () => forward?.failure ?? '',
    sources: [
      ...metrics.map((target) => (emit: (message: ClientMessage) => void) => pollMetrics(target, emit)),
      // whoever names pages has chosen; a page and its forward would be the same figures twice
      ...(kube === undefined || metrics.length > 0 ? [] : [(emit: (message: ClientMessage) => void) => forwardMetrics(kube, emit)]),
    ],
    close,
  });
}
