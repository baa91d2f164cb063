import type { Policy } from '../../../src/wire/gen/flow.ts';
import type { PolicyFact } from '../../../src/wire/gen/hubtop.ts';
import { timestampOf } from '../../../src/wire/timestamp.ts';

/** Policies of the story's cluster. */
export const chatRelayIngress: Policy = { name: 'chat-relay-ingress', namespace: 'default', revision: 41n, kind: 'NetworkPolicy' };
export const collectorEgress: Policy = { name: 'collector-egress', namespace: 'ingest', revision: 17n, kind: 'CiliumNetworkPolicy' };
export const postgresIngress: Policy = { name: 'postgres-ingress', namespace: 'payments', revision: 23n, kind: 'CiliumNetworkPolicy' };
const cardholderIngress: Policy = { name: 'cardholder-ingress', namespace: 'payments', revision: 12n, kind: 'NetworkPolicy' };

interface LastChange {
  policy: Policy;
  who: string;
  operation: string;
  daysAgo: number;
}

const lastChanges: readonly LastChange[] = [
  { policy: chatRelayIngress, who: 'argocd-controller', operation: 'Apply', daysAgo: 19 },
  { policy: collectorEgress, who: 'helm', operation: 'Update', daysAgo: 44 },
  { policy: postgresIngress, who: 'argocd-controller', operation: 'Apply', daysAgo: 8 },
  { policy: cardholderIngress, who: 'unknown', operation: '', daysAgo: 120 },
];

/** Everybody who changed a policy before the story began, as managedFields would say. */
export function policyFacts(startNs: bigint): PolicyFact[] {
  return lastChanges.map(({ policy, who, operation, daysAgo }) => ({ policy, who, operation, changed: timestampOf(startNs - BigInt(daysAgo) * 86_400_000_000_000n) }));
}

/** Who lets new connections to an app in. */
export function allowingPolicies(app: string): readonly Policy[] {
  switch (app) {
    case 'chat-relay': return [chatRelayIngress];
    case 'postgres-primary': return [postgresIngress];
    case 'cardholder': return [cardholderIngress];
    default: return [];
  }
}

/** Who lets a pair through: at the client's end, then at the server's. */
export function pairPolicies(clientApp: string, serverApp: string): readonly Policy[] {
  return [...(clientApp === 'ingest-collector' && serverApp.startsWith('kafka-broker') ? [collectorEgress] : []), ...allowingPolicies(serverApp)];
}
