import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { pollMetrics } from '../../../../src/client/metrics/metrics-poller.ts';
import { parseMetricsUrl } from '../../../../src/client/metrics/metrics-url.ts';
import type { MetricsMessage } from '../../../../src/client/client-message.ts';
import { until } from '../../relay/fake-agent.ts';
import { AGENT_PAGE } from './agent-page.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  closers.push(() => { server.closeAllConnections(); server.close(); });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function poll(address: string): MetricsMessage[] {
  const messages: MetricsMessage[] = [];
  closers.push(pollMetrics(parseMetricsUrl(address), (message) => messages.push(message), { pollMs: 5, random: () => 0 }));
  return messages;
}

test('pollMetrics() gives the figures of the page again and again, and says once that it is well', async () => {
  let asked = '';
  const address = await serve((request, response) => { asked = `${request.method} ${request.url}`; response.end(AGENT_PAGE); });
  const messages = poll(address);
  await until(() => messages.filter(({ type }) => type === 'metrics').length >= 3);
  expect(asked).toBe('GET /metrics');
  expect(messages[0]).toMatchObject({ source: `http://${address}/metrics`, metrics: { node: '127.0.0.1', gauges: { length: 6 } } });
  expect(messages.filter(({ type }) => type === 'metrics-state')).toEqual([{ type: 'metrics-state', source: `http://${address}/metrics`, error: '' }]);
});

test.each<[string, RequestListener, RegExp]>([
  ['an error', (_request, response) => { response.writeHead(503).end('no'); }, /: HTTP 503$/],
  ['a page elsewhere', (_request, response) => { response.writeHead(302, { location: 'http://example.invalid/' }).end(); }, /: HTTP 302$/],
  ['another page', (_request, response) => { response.end('up 1\n'); }, /: has none of the metrics that hubtop reads$/],
  ['a page that ends early', (_request, response) => { response.writeHead(200, { 'content-length': '100' }).write('cilium_'); response.destroy(); }, /: (aborted|connection reset|socket hang up)$/],
  ['a page without end', (_request, response) => { const more = (): void => { while (response.write(Buffer.alloc(1 << 20, 'x'))); }; response.on('drain', more); more(); }, /: more than 8 MB$/],
  ['broken lines', (_request, response) => { response.end(`${AGENT_PAGE}cilium_bpf_map_pressure{x} 1\n`); }, /: lines not read: 1 malformed, 0 beyond the limit$/],
])('pollMetrics() says what is wrong with %s', async (_what, listener, expected) => {
  const address = await serve(listener);
  const messages = poll(address);
  await until(() => messages.some(({ type }) => type === 'metrics-state'));
  const state = messages.find(({ type }) => type === 'metrics-state');
  expect(state).toMatchObject({ error: expect.stringMatching(expected) });
  expect(state).toMatchObject({ error: expect.stringContaining(`metrics of http://${address}/metrics`) });
});

test('pollMetrics() says that nobody answers', async () => {
  const messages = poll('127.0.0.1:1');
  await until(() => messages.length > 0);
  expect(messages[0]).toMatchObject({ type: 'metrics-state', error: 'metrics of http://127.0.0.1:1/metrics: connection refused (nothing listens there)' });
});

test('pollMetrics() stops when told', async () => {
  const open = new Set<unknown>();
  const address = await serve((request) => { open.add(request); request.on('close', () => open.delete(request)); });
  const messages: MetricsMessage[] = [];
  const stop = pollMetrics(parseMetricsUrl(address), (message) => messages.push(message));
  await until(() => open.size === 1);
  stop();
  await until(() => open.size === 0);
  expect(messages).toEqual([]);
});

test.each([
  ['node-7:9962', 'http://node-7:9962/metrics', 'node-7'],
  ['http://node-7:9962', 'http://node-7:9962/metrics', 'node-7'],
  ['https://u:secret@[fd00::7]:9962/m?token=secret', 'https://[fd00::7]:9962/m', 'fd00::7'],
  ['node-7', 'http://node-7/metrics', 'node-7'],
  ['http://p/federate?match[]=x', 'http://p/federate', 'p'],
])('parseMetricsUrl() reads %s', (text, source, node) => {
  expect(parseMetricsUrl(text)).toMatchObject({ source, node });
});

test('parseMetricsUrl() keeps what the server needs and people must not see', () => {
  expect(parseMetricsUrl('https://u:secret@n/m?token=t').url.href).toBe('https://u:secret@n/m?token=t');
});

test.each(['', 'ftp://n/m', 'http://', 'http://n:99999', 'unix:///x'])('parseMetricsUrl() refuses %j', (text) => {
  expect(() => parseMetricsUrl(text)).toThrow(`"${text}" is no address of metrics`);
});
