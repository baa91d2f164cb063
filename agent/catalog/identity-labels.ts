/**
 * Which labels make an identity: Cilium's default label filter. A pattern is
 * anchored at the start of the key; the longest include beats the shortest
 * ignore, and what no pattern names counts.
 */
const included: readonly RegExp[] = [
  /^reserved:.*/,
  /^io\.kubernetes\.pod\.namespace/,
  /^io\.cilium\.k8s\.namespace\.labels/,
  /^app\.kubernetes\.io/,
  /^io\.cilium\.k8s\.policy\.cluster/,
  /^io\.cilium\.k8s\.policy\.serviceaccount/,
];

const ignored: readonly RegExp[] = [
  /^io\.kubernetes/, /^kubernetes\.io/, /^statefulset\.kubernetes\.io\/pod-name/, /^apps\.kubernetes\.io\/pod-index/,
  /^batch\.kubernetes\.io\/job-completion-index/, /^batch\.kubernetes\.io\/controller-uid/, /^.*beta\.kubernetes\.io/, /^k8s\.io/,
  /^pod-template-generation/, /^pod-template-hash/, /^controller-revision-hash/, /^controller-uid/, /^annotation.*/, /^etcd_node/,
  /^topology\.kubernetes\.io/,
];

/** Whether a label with this key (no source) is part of the identity. */
export function isIdentityLabel(key: string): boolean {
  const lengths = (patterns: readonly RegExp[]): number[] => patterns.map((pattern) => pattern.exec(key)?.[0].length ?? 0).filter((length) => length > 0);
  const refused = lengths(ignored);
  return refused.length === 0 || Math.max(0, ...lengths(included)) > Math.min(...refused);
}

/** The labels of a pod that count, as Cilium writes them: `k8s:key=value`, sorted. */
export function identityLabels(pod: { namespace: string; serviceAccount: string; labels: ReadonlyMap<string, string> }, namespaceLabels: ReadonlyMap<string, string>): string[] {
  const all = new Map(pod.labels);
  for (const [key, value] of namespaceLabels) all.set(`io.cilium.k8s.namespace.labels.${key}`, value);
  all.set('io.cilium.k8s.policy.cluster', 'default');
  all.set('io.cilium.k8s.policy.serviceaccount', pod.serviceAccount);
  all.set('io.kubernetes.pod.namespace', pod.namespace);
  return [...all].filter(([key]) => isIdentityLabel(key)).map(([key, value]) => `k8s:${key}=${value}`).sort();
}
