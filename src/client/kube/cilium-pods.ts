import { runKubectl, type KubeOptions } from './kubectl.ts';

/** A pod of Cilium's agent and where it serves metrics. */
export interface CiliumPod {
  name: string;
  node: string;
  /** Ports of the agent's and Hubble's metrics that the pod declares. */
  ports: number[];
}

/** Names that Cilium's DaemonSet gives the ports with metrics. */
const METRICS_PORTS: readonly string[] = ['prometheus', 'hubble-metrics'];
const LINE = '{range .items[*]}{.metadata.name}{"\\t"}{.spec.nodeName}{"\\t"}{range .spec.containers[*].ports[*]}{.name}={.containerPort},{end}{"\\n"}{end}';

/** The running agents of a cluster, by node; rejects with a KubectlError. */
export async function listCiliumPods(kube: KubeOptions, signal: AbortSignal): Promise<CiliumPod[]> {
  const answer = await runKubectl(['get', 'pods', '--selector=k8s-app=cilium', '--field-selector=status.phase=Running', `--output=jsonpath=${LINE}`], kube, signal);
  return answer.split('\n').flatMap(podOf).toSorted((one, other) => (one.node < other.node ? -1 : 1));
}

function podOf(line: string): CiliumPod[] {
  const [name = '', node = '', ports = ''] = line.split('\t');
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) return [];
  const declared = new Map(ports.split(',').map((port): [string, number] => {
    const [portName = '', number = ''] = port.split('=');
    return [portName, Number(number)];
  }));
  return [{ name, node: node === '' ? name : node, ports: METRICS_PORTS.map((portName) => declared.get(portName) ?? 0).filter((port) => port > 0 && port < 65_536) }];
}
