import { sleep } from '../../rpc/sleep.ts';
import type { MetricsMessage } from '../client-message.ts';
import { pollMetrics } from '../metrics/metrics-poller.ts';
import { listCiliumPods, type CiliumPod } from './cilium-pods.ts';
import type { KubeOptions } from './kubectl.ts';
import { kubectlReason, openPortForward, type PortForward } from './port-forward.ts';

/** Agents whose metrics are forwarded: each takes a kubectl of some fifty megabytes. */
export const MAX_METRICS_FORWARDS = 8;
/** How often the pods are looked at again: a rollout gives all of them new names. */
const LIST_MS = 60_000;
/** How people are told whose words these are. */
const SOURCE = 'kubectl';

interface OpenPod {
  close(): Promise<void>;
}

/** Polls the metrics of a cluster's agents through kubectl, the first few by node name; gives the way to end it, which resolves when every kubectl is gone. */
export function forwardMetrics(kube: KubeOptions, emit: (message: MetricsMessage) => void, waits: { listMs?: number } = {}): () => Promise<void> {
  const stop = new AbortController();
  const open = new Map<string, OpenPod>();
  let said = '';
  const tell = (error: string): void => {
    if (error !== said && !stop.signal.aborted) emit({ type: 'metrics-state', source: SOURCE, error });
    said = error;
  };
  const look = async (): Promise<void> => {
    const pods = await listCiliumPods(kube, stop.signal);
    const serving = pods.filter(({ ports }) => ports.length > 0);
    const wanted = serving.slice(0, MAX_METRICS_FORWARDS);
    for (const [name, pod] of open) if (!wanted.some((one) => one.name === name)) {
      open.delete(name);
      void pod.close();
    }
    for (const pod of wanted) if (!open.has(pod.name)) open.set(pod.name, openPod(pod, kube, emit));
    tell(coverage(pods.length, serving.length));
  };
  const running = (async () => {
    while (!stop.signal.aborted) {
      await look().catch((error: unknown) => tell(`metrics through kubectl: ${kubectlReason(error)}`));
      await sleep(waits.listMs ?? LIST_MS, stop.signal);
    }
  })();
  return async () => {
    stop.abort();
    await running;
    await Promise.all([...open.values()].map((pod) => pod.close()));
  };
}

function coverage(pods: number, serving: number): string {
  if (pods === 0) return 'metrics through kubectl: there is no running pod with k8s-app=cilium';
  if (serving === 0) return 'metrics through kubectl: the agents serve none (helm value prometheus.enabled)';
  return serving > MAX_METRICS_FORWARDS ? `metrics of ${MAX_METRICS_FORWARDS} of ${serving} agents only: one kubectl each; --cilium-metrics takes a Prometheus with all` : '';
}

/** One pod: its forward, and a poller for each port. */
function openPod(pod: CiliumPod, kube: KubeOptions, emit: (message: MetricsMessage) => void): OpenPod {
  const stop = new AbortController();
  const source = `pod ${pod.name} on ${pod.node}`;
  const troubled = new Set<string>();
  const tell = (message: MetricsMessage): void => {
    if (stop.signal.aborted) return;
    if (message.type === 'metrics-state' && message.error !== '') troubled.add(message.source);
    emit(message);
  };
  const running = keepOpen(pod, kube, stop.signal, { opened: (forward) => poll(forward, pod, { source, tell, signal: stop.signal }), failed: (error) => tell({ type: 'metrics-state', source, error }) });
  return {
    async close() {
      stop.abort();
      // nobody is to be told of a pod that is no more
      for (const name of troubled) emit({ type: 'metrics-state', source: name, error: '' });
      await running;
    },
  };
}

async function keepOpen(pod: CiliumPod, kube: KubeOptions, signal: AbortSignal, tell: { opened(forward: PortForward): void; failed(error: string): void }): Promise<void> {
  const target = { resource: `pod/${pod.name}`, ports: pod.ports.map((remote) => ({ local: 0, remote })) };
  while (!signal.aborted) {
    try {
      const forward = await openPortForward(target, kube, { signal });
      tell.failed('');
      tell.opened(forward);
      await untilAborted(signal);
      await forward.close();
    } catch (error) {
      tell.failed(`metrics of pod ${pod.name} on ${pod.node}: ${kubectlReason(error)}`);
      await sleep(LIST_MS, signal);
    }
  }
}

function poll(forward: PortForward, pod: CiliumPod, { source, tell, signal }: { source: string; tell: (message: MetricsMessage) => void; signal: AbortSignal }): void {
  for (const [i, port] of forward.ports.entries()) {
    const end = pollMetrics({ url: new URL(`http://127.0.0.1:${port}/metrics`), source: `${source} port ${pod.ports[i] ?? 0}`, node: pod.node }, tell);
    signal.addEventListener('abort', end, { once: true });
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => { resolve(); }, { once: true });
  });
}
