import type { MetricsTarget } from './metrics-poller.ts';

/** Where the path is left out. */
const DEFAULT_PATH = '/metrics';

/** Reads `http(s)://host:port/path`, `host:port` and `host:port/path`; throws an Error with one line for people. */
export function parseMetricsUrl(text: string): Pick<MetricsTarget, 'url' | 'source' | 'node'> {
  const trimmed = text.trim();
  const given = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new Error(`"${text}" is no address of metrics: give http://host:9962/metrics or host:9962`);
  }
  if (url.pathname === '/' && url.search === '') url.pathname = DEFAULT_PATH;
  const shown = `${url.protocol}//${url.host}${url.pathname}`;
  return { url, source: shown, node: url.hostname.replaceAll(/^\[|\]$/g, '') };
}
