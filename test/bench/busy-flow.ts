import type { Flow } from '../../src/wire/gen/flow.ts';

const pairs = 64;

/** A flow of a busy node with 64 pairs, as our agents and Cilium's fill it. */
export function busyFlow(index: number): Flow {
  const endpoint = (name: string, number: number): NonNullable<Flow['source']> => ({
    ID: 100 + number, identity: 20_000 + number, namespace: 'payments', pod_name: `${name}-7d4b9c-x${number}`, workloads: [{ name, kind: 'Deployment' }],
    labels: [`k8s:app=${name}`, 'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=payments', 'k8s:io.cilium.k8s.policy.cluster=default', 'k8s:io.kubernetes.pod.namespace=payments'],
  });
  return {
    time: { seconds: 1_772_615_702n, nanos: index * 1000 }, uuid: `0f6c2b1e-6a0d-4c55-9a53-${String(index).padStart(12, '0')}`, verdict: 1,
    ethernet: { source: '0a:58:0a:01:00:07', destination: '0a:58:0a:01:00:01' }, IP: { source: `10.244.${index >> 8}.${index & 255}`, destination: `10.244.3.${index % pairs}`, ipVersion: 1 },
    l4: { TCP: { source_port: 40_000 + (index % 20_000), destination_port: 8080, flags: { ACK: true } } }, source: endpoint('checkout-api', index % pairs), destination: endpoint('ledger-svc', pairs + (index * 7) % pairs),
    Type: 1, node_name: 'prod/node-a', node_labels: ['kubernetes.io/os=linux', 'topology.kubernetes.io/zone=eu-1'], event_type: { type: 4, sub_type: index % 2 === 0 ? 3 : 0 },
    destination_service: { name: 'ledger-svc', namespace: 'payments' }, traffic_direction: 2, trace_observation_point: 3, trace_reason: 2, is_reply: { value: index % 2 === 1 },
    interface: { index: 14, name: 'lxc3f2a71be' }, Summary: 'TCP Flags: ACK',
  };
}
