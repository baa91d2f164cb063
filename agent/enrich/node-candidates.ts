import type { Endpoint } from '../../src/wire/gen/flow.ts';
import type { NodeFact } from '../decode/facts.ts';
import { NODE_SOURCE } from '../policy/selector.ts';
import type { Candidate } from './endpoint-version.ts';
import { API_SERVER_LABEL, Identity } from './identity.ts';
import type { LocalIdentities } from './local-identities.ts';

/** What a node's endpoints are made with. */
export interface NodeParts {
  isHost: boolean;
  /** Addresses on which Kubernetes' own server answers. */
  apiServers: ReadonlySet<string>;
  /** Keys of labels that policies select nodes by. */
  labelKeys: ReadonlySet<string>;
  identities: LocalIdentities;
}

/**
 * The endpoints of a node: addresses on which Kubernetes' own server answers are that, as in Cilium, identity 7 on other
 * nodes, a label more on this one. Of a node's labels only those that policies ask for are told: each set of labels is a
 * row in every policy map.
 */
export function nodeCandidates(node: NodeFact, { isHost, apiServers, labelKeys, identities }: NodeParts): Candidate[] {
  const chosen = node.labels.filter((label) => labelKeys.has(label.slice(0, endOfKey(label)))).map((label) => `${NODE_SOURCE}:${label}`);
  const endpointOf = (plain: number, reserved: readonly string[]): Endpoint => {
    const labels = [...chosen, ...reserved].sort();
    return { identity: isHost || chosen.length === 0 ? plain : identities.numberOf(labels.join('\n')), labels };
  };
  const reserved = isHost ? 'reserved:host' : 'reserved:remote-node';
  const serving = node.ips.filter((ip) => apiServers.has(ip));
  return [
    { owner: `node ${node.name}`, endpoint: endpointOf(isHost ? Identity.host : Identity.remoteNode, [reserved]), ips: node.ips.filter((ip) => !apiServers.has(ip)), nodeName: node.name },
    ...(serving.length === 0 ? [] : [{ owner: `kube-apiserver ${node.name}`, endpoint: endpointOf(isHost ? Identity.host : Identity.kubeApiserver, [reserved, API_SERVER_LABEL]), ips: serving, nodeName: node.name }]),
  ];
}

function endOfKey(label: string): number {
  const equals = label.indexOf('=');
  return equals < 0 ? label.length : equals;
}
