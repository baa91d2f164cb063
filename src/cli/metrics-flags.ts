import { parseMetricsUrl } from '../client/metrics/metrics-url.ts';
import type { MetricsTarget } from '../client/metrics/metrics-poller.ts';
import { UsageError } from './command.ts';
import type { ConnectionSettings } from './connection-flags.ts';
import type { Flag, FlagValues } from './flags.ts';

/** Pages polled at most. */
const MAX_PAGES = 64;

/** Where a stock Cilium tells what it does not tell through Hubble. */
export const metricsFlag: Flag = {
  name: 'cilium-metrics', kind: 'list', value: 'URLS', group: 'Connection',
  help: 'Prometheus pages of Cilium\'s agents, such as http://NODE:9962/metrics: map pressure, conntrack; may be repeated',
};

/** The pages to poll; TLS as for the server. Throws UsageError. */
export function readMetrics(values: FlagValues, settings: ConnectionSettings): MetricsTarget[] {
  const texts = values.list(metricsFlag.name).flatMap((text) => text.split(',')).filter((text) => text.trim() !== '');
  if (texts.length > MAX_PAGES) throw new UsageError(`--cilium-metrics takes ${MAX_PAGES} addresses at most: a Prometheus' /federate page has all nodes on one`);
  return texts.map((text) => {
    try {
      return { ...parseMetricsUrl(text), tls: settings.tls };
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  });
}
