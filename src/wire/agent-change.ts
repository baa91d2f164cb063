import { enumName } from './codec.ts';
import { type AgentEvent, AgentEventTypeEnum, type Policy } from './gen/flow.ts';
import type { Change } from './gen/hubtop.ts';
import type { GetAgentEventsResponse } from './gen/observer.ts';

const KINDS: Readonly<Record<string, string>> = {
  AGENT_STARTED: 'agent-started', POLICY_UPDATED: 'policy-changed', POLICY_DELETED: 'policy-removed', ENDPOINT_CREATED: 'endpoint-added', ENDPOINT_DELETED: 'endpoint-removed',
};

/** What an agent's event says was changed, as our own reports would tell it; undefined for events that change nothing a reader asks for. Who did it is in none. */
export function changeOfEvent({ agent_event: event, node_name, time }: GetAgentEventsResponse): Change | undefined {
  const kind = event === undefined ? undefined : KINDS[enumName(AgentEventTypeEnum, event.type)];
  if (event === undefined || kind === undefined) return undefined;
  const base = { kind, node: node_name, time: event.agent_start?.time ?? time };
  if (kind === 'agent-started') return { ...base, subject: node_name };
  if (event.policy_update !== undefined) {
    const policy = policyOf(event.policy_update);
    return { ...base, policy, subject: [policy.namespace, policy.name].filter((part) => (part ?? '') !== '').join('/') || 'a policy' };
  }
  const { namespace = '', pod_name = '' } = event.endpoint_update ?? {};
  return pod_name === '' ? undefined : { ...base, subject: `${namespace}/${pod_name}` };
}

/** Cilium names the object that a policy was made from in labels. */
function policyOf({ labels = [], revision }: NonNullable<AgentEvent['policy_update']>): Policy {
  const valueOf = (key: string): string => {
    const label = labels.find((one) => one.includes(`io.cilium.k8s.policy.${key}=`)) ?? '';
    return label.slice(label.indexOf('=') + 1);
  };
  return { kind: valueOf('derived-from'), namespace: valueOf('namespace'), name: valueOf('name'), revision };
}
