import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { NODES } from '../src/app/fake-cluster.ts';
import { playStockTraffic } from '../src/app/stock-traffic.ts';
import { FakeKubectl } from '../src/client/kube/fake-kubectl.ts';
import { FakeStockRelay } from '../src/relay/fake-stock-relay.ts';
import { bundle, hasTmux, pause } from './hubtop-process.ts';
import { TmuxTerminal } from './tmux.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A stock cluster of twelve nodes, one of them away, and the pages of metrics of its agents as one. */
async function cluster(): Promise<{ relay: FakeStockRelay; metrics: number }> {
  const relay = await new FakeStockRelay(NODES).start();
  relay.setState('node-07', 'NODE_UNAVAILABLE');
  closers.push(() => relay.stop(), playStockTraffic(relay));
  const page = createServer((_request, response) => { response.end('cilium_bpf_map_pressure{map_name="ct4_global",node="node-03"} 0.91\ncilium_bpf_map_capacity{map_group="ct4_global",node="node-03"} 524288\n'); });
  await new Promise<void>((resolve) => { page.listen(0, '127.0.0.1', resolve); });
  closers.push(() => { page.closeAllConnections(); page.close(); });
  return { relay, metrics: (page.address() as AddressInfo).port };
}

function terminal(size: { cols: number; rows: number }): TmuxTerminal {
  const opened = new TmuxTerminal(size, `stock-${size.cols}`);
  closers.push(() => opened.close());
  return opened;
}

test.skipIf(!hasTmux).each([{ cols: 80, rows: 24 }, { cols: 120, rows: 40 }])('the dashboard on a stock relay at $cols x $rows says what flows can tell and no more', async (size) => {
  const { relay, metrics } = await cluster();
  const tmux = terminal(size);
  tmux.type(`exec ${process.execPath} ${bundle} --server ${relay.address} --cilium-metrics 127.0.0.1:${metrics},127.0.0.1:1`);
  tmux.press('Enter');
  const overview = await tmux.waitFor(/conntrack +node-03 .* 91% .*\d\.?\d*s old/s, 30_000);
  expect(overview).toMatch(/n(odes )?11\/12/);
  expect(overview).toMatch(/figures: flows received/);
  expect(overview).toMatch(/flows carry no volume/);
  expect(overview).toMatch(/NODE +node-07 +away/);
  // a node nobody hears of: all counts are lower bounds
  expect(overview).toMatch(/≥\d+ fl\/s/);
  expect(overview).not.toMatch(/all reporting|kernel|0% cpu/);
  await tmux.waitFor(/metrics of http:\/\/127\.0\.0\.1:1\/metrics: connection refused/, 15_000);
  await tmux.waitFor(/no hubtop telemetry here/, 15_000);
  tmux.press('7');
  const nodes = await tmux.waitFor(/CAN I TRUST/, 5_000);
  expect(nodes).toMatch(/node-07 +AWAY +0%/);
  await tmux.waitFor(/node-01 +connected +100% +\d/, 20_000);
  relay.restartNode('node-04');
  await tmux.waitFor(/node-04 +RESTARTED/, 25_000);
  tmux.press('9');
  await tmux.waitFor(/agent started +node-04 \(its uptime went down\)/, 5_000);
  tmux.press('q');
}, 120_000);

test.skipIf(!hasTmux)('the dashboard goes through kubectl, comes back when that dies, and leaves none behind', async () => {
  const { relay, metrics } = await cluster();
  const fake = new FakeKubectl({ reach: { 80: Number(relay.address.split(':').at(-1)), 9962: metrics }, context: 'prod-eu1', pods: 'cilium-x\tnode-03\tprometheus=9962,\n' });
  closers.push(() => fake.close());
  const tmux = terminal({ cols: 100, rows: 30 });
  tmux.type(`PATH=${fake.folder}:$PATH ${process.execPath} ${bundle} -P --port-forward-port 0; echo over $?`);
  tmux.press('Enter');
  await tmux.waitFor(/LIVE.*prod-eu1.*conntrack +node-03/s, 30_000);
  expect(fake.forwards).toHaveLength(2);
  const relayForward = fake.forwards[0] ?? 0;
  process.kill(relayForward, 'SIGTERM');
  await tmux.waitFor(/connected again after/, 20_000);
  tmux.press('q');
  await tmux.waitFor(/over 0/, 5_000);
  const deadline = Date.now() + 5_000;
  while (fake.forwards.length > 0 && Date.now() < deadline) await pause(20);
  expect(fake.forwards).toEqual([]);
}, 90_000);
