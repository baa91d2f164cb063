import { KubectlError, runKubectl, type KubeOptions } from './kubectl.ts';
import { openPortForward, type PortForward } from './port-forward.ts';

/** The service that every Cilium installation gives its relay. */
const SERVICE = 'hubble-relay';

/** A way to a cluster's relay through kubectl. */
export interface RelayForward extends PortForward {
  /** For --server: 127.0.0.1 and our port. */
  readonly address: string;
  /** The kubeconfig's name for the cluster; empty where it has none. */
  readonly context: string;
}

/** Forwards the first port of the service hubble-relay to a port of ours, as `hubble -P` does; rejects with a KubectlError. */
export async function forwardRelay(kube: KubeOptions, options: { localPort: number; signal: AbortSignal }): Promise<RelayForward> {
  const [remote, context] = await Promise.all([servicePort(kube, options.signal), contextName(kube, options.signal)]);
  const forward = await openPortForward({ resource: `service/${SERVICE}`, ports: [{ local: options.localPort, remote }] }, kube, { signal: options.signal });
  return {
    address: `127.0.0.1:${forward.ports[0] ?? 0}`,
    context,
    ports: forward.ports,
    get failure() { return forward.failure; },
    close: () => forward.close(),
  };
}

async function servicePort(kube: KubeOptions, signal: AbortSignal): Promise<number> {
  const answer = await runKubectl(['get', 'service', SERVICE, '--output=jsonpath={.spec.ports[0].port}'], kube, signal);
  const port = Number(answer.trim());
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) throw new KubectlError(`the service ${kube.namespace}/${SERVICE} has no port`);
  return port;
}

// only a name to show: without one the address is shown
async function contextName(kube: KubeOptions, signal: AbortSignal): Promise<string> {
  if (kube.context) return kube.context;
  return runKubectl(['config', 'current-context'], kube, signal).then((name) => name.trim(), () => '');
}
