import { shellWord } from '../flow/shell-word.ts';

const RESOURCES: Readonly<Record<string, string>> = {
  NetworkPolicy: 'netpol', CiliumNetworkPolicy: 'cnp', CiliumClusterwideNetworkPolicy: 'ccnp', AdminNetworkPolicy: 'adminnetworkpolicy', BaselineAdminNetworkPolicy: 'baselineadminnetworkpolicy',
};

/** Short name of a kind for kubectl; empty for one we do not know. */
export function policyResource(kind: string): string {
  return RESOURCES[kind] ?? '';
}

/** `-n NAMESPACE VERB RESOURCE NAME` for kubectl; a policy whose kind nobody tells is looked for under the two usual ones. */
export function policyCommand(verb: string, policy: { name: string; kind: string }): string {
  const slash = policy.name.indexOf('/');
  const [namespace, name] = slash < 0 ? ['', policy.name] : [policy.name.slice(0, slash), policy.name.slice(slash + 1)];
  const resource = policyResource(policy.kind) || (namespace === '' ? 'ccnp' : '');
  const inNamespace = namespace === '' ? '' : `-n ${shellWord(namespace)} `;
  // two kinds at once take no name; a field selector does
  return resource === '' ? `kubectl ${inNamespace}${verb} cnp,netpol --field-selector metadata.name=${shellWord(name)}` : `kubectl ${inNamespace}${verb} ${resource} ${shellWord(name)}`;
}
