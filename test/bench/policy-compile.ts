import { readPolicyObject } from '../../agent/catalog/policy-object.ts';
import { type CatalogSnapshot, emptyCatalog, type EndpointFact } from '../../agent/decode/facts.ts';
import { EndpointVersions } from '../../agent/enrich/endpoint-versions.ts';
import { PolicyEngine } from '../../agent/enrich/policy-engine.ts';
import type { PolicyObject } from '../../agent/policy/policy.ts';
import type { BenchRow } from './row.ts';
import { median } from './scale.ts';

const [sets, policies, rounds, namespaces, tiers] = [1_000, 200, 7, 20, 7];
/** One in so many pods is on the node itself. */
const localEvery = 10;

const pod = (i: number): EndpointFact => ({
  ips: [`10.${i >> 8}.${i & 255}.1`], namespace: `ns-${i % namespaces}`, pod_name: `p${i}`, workloads: [], identity: 300 + i, node_name: i % localEvery === 0 ? 'here' : 'there', hostNetwork: false, uid: `u${i}`,
  namedPorts: [['http', 8080]], labels: [`k8s:app=app-${i}`, `k8s:io.kubernetes.pod.namespace=ns-${i % namespaces}`, `k8s:tier=t${i % tiers}`],
});

function policy(i: number): PolicyObject {
  const reading = readPolicyObject({
    kind: 'CiliumNetworkPolicy', metadata: { name: `policy-${i}`, namespace: `ns-${i % namespaces}` },
    spec: {
      endpointSelector: i % 2 === 0 ? { matchLabels: { tier: `t${i % tiers}` } } : {},
      ingress: [
        { fromEndpoints: [{ matchLabels: { tier: `t${i % tiers}` } }, { matchLabels: { 'k8s:io.kubernetes.pod.namespace': `ns-${(i + 3) % namespaces}` } }], toPorts: [{ ports: [{ port: '8080', protocol: 'TCP' }, { port: '9000', endPort: 9100, protocol: 'TCP' }] }] },
        { fromEntities: ['cluster'], toPorts: [{ ports: [{ port: 'http' }] }] },
      ],
      egress: [{ toEndpoints: [{}] }, { toCIDRSet: [{ cidr: `10.${i}.0.0/16`, except: [`10.${i}.1.0/24`] }] }, { toEntities: ['world'], toPorts: [{ ports: [{ port: '443' }] }] }],
    },
  });
  if (reading.result !== 'read') throw new Error(JSON.stringify(reading));
  return reading.object;
}

/** How long the agent's loop stands still when the policies of a big cluster change: up to the rows of the datapath, not into it. */
export function reportCompile(report: (row: BenchRow) => void): void {
  const catalog: CatalogSnapshot = { ...emptyCatalog, endpoints: Array.from({ length: sets }, (_, i) => pod(i)), nodes: [{ name: 'here', ips: ['192.168.0.1'], labels: [], podCidrs: [] }], policies: Array.from({ length: policies }, (_, i) => policy(i)) };
  const engine = new PolicyEngine(new EndpointVersions('here'), 'enforce');
  let rows = 0;
  const times = Array.from({ length: rounds }, (_, round) => {
    const start = performance.now();
    const { tables } = engine.take(catalog, BigInt(round + 1));
    rows = [...tables.endpoints.values()].reduce((sum, all) => sum + all.length, 0);
    return performance.now() - start;
  });
  report({ name: 'policy compile', value: median(times), unit: 'ms', note: `${sets.toLocaleString('en')} label sets, ${policies} policies, ${sets / localEvery} pods of the node, ${rows.toLocaleString('en')} entries; the first time ${(times[0] ?? 0).toFixed(0)} ms; aim 1,000` });
}
