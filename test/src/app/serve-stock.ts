// Not a test: a stock Hubble relay with traffic, and a page of metrics, to look at the dashboard on it. Bundle it with esbuild.
import { createServer } from 'node:http';
import { FakeStockRelay } from '../relay/fake-stock-relay.ts';
import { NODES } from './fake-cluster.ts';
import { playStockTraffic } from './stock-traffic.ts';

const [listen = '127.0.0.1:4245', metricsPort = '9962'] = process.argv.slice(2);
const relay = new FakeStockRelay(NODES);
relay.setState('node-07', 'NODE_UNAVAILABLE');
const pressure = (): number => 0.55 + ((Date.now() / 600_000) % 0.45);
createServer((_request, response) => {
  response.end(NODES.map((node, i) => `cilium_bpf_map_pressure{map_name="ct4_global",node="${node}"} ${i === 2 ? pressure() : 0.1 + i / 100}\ncilium_bpf_map_pressure{map_name="lb4_services_v2",node="${node}"} 0.5\n`).join('') + 'cilium_bpf_map_capacity{map_group="ct4_global",node="node-03"} 524288\n');
}).listen(Number(metricsPort), '127.0.0.1');
void relay.start(listen).then(() => {
  playStockTraffic(relay);
  setTimeout(() => relay.restartNode('node-04'), 30_000);
  setInterval(() => relay.lose('node-05', 3, 12), 7_000);
  process.stdout.write(`ready ${relay.address}\n`);
});
