/** Labels that say which workload a pod is of, in the order they are looked for. */
const IDENTIFYING = ['app.kubernetes.io/name', 'app.kubernetes.io/instance', 'app.kubernetes.io/component', 'k8s-app', 'app', 'component'] as const;
/** Labels that controllers put on, and that change with every rollout or pod. */
const PASSING = /^(pod-template-hash|pod-template-generation|controller-revision-hash|controller-uid|job-name|statefulset\.kubernetes\.io\/.*|apps\.kubernetes\.io\/.*|batch\.kubernetes\.io\/.*|helm\.sh\/chart|io\.cilium\..*|io\.kubernetes\..*)$/;
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels: syntax of keys and values. */
const KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
/** Labels of a selector at most. */
const MAX_LABELS = 8;

/** Labels of an endpoint that identify its workload and outlive its pods; empty where there are none. Only what Kubernetes would take. */
export function workloadLabels(labels: readonly string[] | undefined): Record<string, string> {
  const all = new Map((labels ?? []).flatMap((label): [string, string][] => {
    const match = /^(?:k8s:)?([^:=]+)=(.*)$/.exec(label);
    const [key, value] = [match?.[1] ?? '', match?.[2] ?? ''];
    return KEY.test(key) && VALUE.test(value) && !PASSING.test(key) ? [[key, value]] : [];
  }));
  const identifying = IDENTIFYING.flatMap((key): [string, string][] => (all.has(key) ? [[key, all.get(key) ?? '']] : []));
  return Object.fromEntries((identifying.length > 0 ? identifying : [...all].toSorted(([one], [other]) => (one < other ? -1 : 1))).slice(0, MAX_LABELS));
}

/** What a reserved identity is called in a policy, such as `world` or `kube-apiserver`; empty for a pod. */
export function reservedEntity(labels: readonly string[] | undefined): string {
  const name = labels?.find((label) => label.startsWith('reserved:'))?.slice('reserved:'.length) ?? '';
  return name.startsWith('world') ? 'world' : name;
}
