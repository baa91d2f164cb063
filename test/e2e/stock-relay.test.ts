import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, type TestContext } from 'vitest';
import { NODES } from '../src/app/fake-cluster.ts';
import { playStockTraffic } from '../src/app/stock-traffic.ts';
import { FakeKubectl } from '../src/client/kube/fake-kubectl.ts';
import { FakeStockRelay } from '../src/relay/fake-stock-relay.ts';
import { bundle, hasTmux, pause } from './hubtop-process.ts';
import { TmuxTerminal } from './tmux.ts';

/** A stock cluster of twelve nodes, one of them away, and the pages of metrics of its agents as one. */
async function cluster({ onTestFinished }: TestContext): Promise<{ relay: FakeStockRelay; metrics: number }> {
  const relay = await new FakeStockRelay(NODES).start();
  relay.setState('node-07', 'NODE_UNAVAILABLE');
  const stopTraffic = playStockTraffic(relay);
  onTestFinished(async () => {
    stopTraffic();
    await relay.stop();
  });
  const page = createServer((_request, response) => { response.end('cilium_bpf_map_pressure{map_name="ct4_global",node="node-03"} 0.91\ncilium_bpf_map_capacity{map_group="ct4_global",node="node-03"} 524288\n'); });
  await new Promise<void>((resolve) => { page.listen(0, '127.0.0.1', resolve); });
  onTestFinished(() => { page.closeAllConnections(); page.close(); });
  return { relay, metrics: (page.address() as AddressInfo).port };
}

function terminal(size: { cols: number; rows: number }, { onTestFinished }: TestContext): TmuxTerminal {
  const opened = new TmuxTerminal(size, `stock-${size.cols}`);
  onTestFinished(() => { opened.close(); });
  return opened;
}

test.skipIf(!hasTmux).for([{ cols: 80, rows: 24 }, { cols: 120, rows: 40 }])('the dashboard on a stock relay at $cols x $rows says what flows can tell and no more', { concurrent: true, timeout: 120_000 }, async (size, context) => {
  const { relay, metrics } = await cluster(context);
  const tmux = terminal(size, context);
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
});

test.skipIf(!hasTmux)('the dashboard goes through kubectl, comes back when that dies, and leaves none behind', { concurrent: true, timeout: 90_000 }, async (context) => {
  const { relay, metrics } = await cluster(context);
  const fake = new FakeKubectl({ reach: { 80: Number(relay.address.split(':').at(-1)), 9962: metrics }, context: 'prod-eu1', pods: 'cilium-x\tnode-03\tprometheus=9962,\n' });
  context.onTestFinished(() => fake.close());
  const tmux = terminal({ cols: 100, rows: 30 }, context);
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
});
