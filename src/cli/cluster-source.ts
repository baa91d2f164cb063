import type { DashboardSource } from '../app/session.ts';
import type { ClientMessage } from '../client/client-message.ts';
import type { MetricsTarget } from '../client/metrics/metrics-poller.ts';
import { scrub } from '../lib/scrub.ts';
import type { ReachedServer } from './reach-server.ts';

/** Loads what connects to a server and to the metrics beside it; each call of the opener is a connection of its own. Closing one closes the way through kubectl. */
export async function clusterOpener({ settings, forward, close }: ReachedServer, metrics: readonly MetricsTarget[]): Promise<() => DashboardSource> {
  const { connectCluster } = await import('../client/cluster-client.ts');
  const { server, tls, metadata } = settings;
  const kube = settings.portForward?.kube;
  if (kube === undefined && metrics.length === 0) return () => connectCluster({ server, tls, metadata });
  const [{ joinClient }, { pollMetrics }, { forwardMetrics }] = await Promise.all([
    import('../client/joined-client.ts'), import('../client/metrics/metrics-poller.ts'), import('../client/kube/metrics-forwards.ts'),
  ]);
  return () => joinClient(connectCluster({ server, tls, metadata }), {
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
