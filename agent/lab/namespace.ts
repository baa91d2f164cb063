import { readdirSync, statSync } from 'node:fs';
import { hostMac, type LabNode, type LabPlan, type LabPod } from './lab-plan.ts';
import { LabError, runTool } from './run-tool.ts';

/** Pods send everything to this neighbour, which is always there: no ARP, no neighbour discovery on a pod's veth. */
const gateway4 = '169.254.1.1';
const gateway6 = 'fe80::1';
const netnsFolder = '/run/netns';

/** How the names of a lab's network namespaces begin, and what else is called after them. */
export function namespacePrefix(id: string): string {
  return id === '' ? 'ht-lab-' : `ht-lab-${id}-`;
}

/** Names of existing network namespaces of the lab with this id, or of every lab. */
export function labNamespaces(id = ''): string[] {
  try {
    return readdirSync(netnsFolder).filter((name) => name.startsWith(namespacePrefix(id)));
  } catch {
    return [];
  }
}

/** Whether a process runs inside a network namespace of the lab with this id: its own word for it is the kernel's. */
export function isInLab(pid: number, id: string): boolean {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/ns/net`);
    return labNamespaces(id).some((name) => {
      const namespace = statSync(`${netnsFolder}/${name}`);
      return namespace.dev === dev && namespace.ino === ino;
    });
  } catch {
    return false;
  }
}

/** A command line that runs inside a network namespace and sees this machine's /sys and cgroups as they are. */
export function inNamespace(netns: string, command: readonly string[]): string[] {
  return ['nsenter', `--net=${netnsFolder}/${netns}`, ...command];
}

/** Makes nodes, pods, links, addresses and routes of a plan. */
export async function createNamespaces(plan: LabPlan): Promise<void> {
  const all = [...plan.nodes, ...plan.pods];
  await runTool(['ip', '-batch', '-'], lines(all.map(({ netns }) => `netns add ${netns}`)));
  await runTool(['ip', '-batch', '-'], lines([...nodeLinks(plan.nodes), ...plan.pods.map((pod) => podLink(plan, pod))]));
  await Promise.all(all.map(({ netns }) => runTool(inNamespace(netns, ['sh', '-c', namespaceSettings]))));
  await Promise.all([
    ...plan.pods.map((pod) => runTool(['ip', '-n', pod.netns, '-batch', '-'], lines(podSide(pod)))),
    ...plan.nodes.map((node) => runTool(['ip', '-n', node.netns, '-batch', '-'], lines(nodeSide(plan, node)))),
  ]);
}

/** Switches segmentation offloads of all veths off, so that one skb is one wire segment. */
export async function disableOffloads(plan: LabPlan): Promise<void> {
  const off = ['tso', 'off', 'gso', 'off', 'gro', 'off'];
  const devices = [
    ...plan.pods.flatMap((pod) => [[pod.netns, 'eth0'], [nodeOf(plan, pod).netns, pod.device]]),
    ...plan.nodes.map((node) => [node.netns, 'eth0']),
  ];
  await Promise.all(devices.map(([netns = '', device = '']) => runTool(inNamespace(netns, ['ethtool', '-K', device, ...off]))));
}

/** Removes namespaces; their links go with them. Names that are gone already are no failure. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  const existing = new Set(labNamespaces());
  const ours = names.filter((name) => existing.has(name));
  if (ours.length > 0) await runTool(['ip', '-force', '-batch', '-'], lines(ours.map((name) => `netns delete ${name}`)));
}

/** The node a pod stands on. */
export function nodeOf(plan: LabPlan, pod: LabPod): LabNode {
  const node = plan.nodes.find((candidate) => candidate.name === pod.node);
  if (node === undefined) throw new LabError(`pod ${pod.name} stands on ${pod.node}, which is no node of the lab`);
  return node;
}

function lines(commands: readonly string[]): string {
  return `${commands.join('\n')}\n`;
}

/** Forwarding like a node, no source check that asymmetric routes would fail, no waiting for duplicate addresses. */
const namespaceSettings = [
  'echo 1 > /proc/sys/net/ipv4/ip_forward',
  'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
  'for name in all default; do echo 0 > /proc/sys/net/ipv4/conf/$name/rp_filter; echo 0 > /proc/sys/net/ipv6/conf/$name/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/$name/accept_ra; echo 0 > /proc/sys/net/ipv6/conf/$name/router_solicitations; done',
].join('\n');

function nodeLinks([a, b]: readonly LabNode[]): string[] {
  if (a === undefined || b === undefined) return [];
  return [`link add name eth0 netns ${a.netns} type veth peer name eth0 netns ${b.netns}`];
}

function podLink(plan: LabPlan, pod: LabPod): string {
  const host = nodeOf(plan, pod);
  return `link add name ${pod.device} netns ${host.netns} address ${hostMac} type veth peer name eth0 netns ${pod.netns} address ${pod.mac}`;
}

function podSide(pod: LabPod): string[] {
  return [
    'link set lo up',
    'link set eth0 addrgenmode none',
    'link set eth0 up',
    `address add ${pod.ipv4}/32 dev eth0`,
    `address add ${pod.ipv6}/128 dev eth0 nodad`,
    `neighbour add ${gateway4} lladdr ${hostMac} dev eth0 nud permanent`,
    `neighbour add ${gateway6} lladdr ${hostMac} dev eth0 nud permanent`,
    `route add ${gateway4} dev eth0 scope link`,
    `route add default via ${gateway4} dev eth0`,
    `route add default via ${gateway6} dev eth0 onlink`,
  ];
}

function nodeSide(plan: LabPlan, node: LabNode): string[] {
  const pods = plan.pods.filter((pod) => pod.node === node.name);
  const others = plan.nodes.filter((other) => other !== node);
  return [
    'link set lo up',
    'link set eth0 up',
    `address add ${node.ipv4}/24 dev eth0`,
    `address add ${node.ipv6}/64 dev eth0 nodad`,
    ...pods.flatMap(({ device, ipv4, ipv6, mac }) => [
      `link set ${device} addrgenmode none`,
      `link set ${device} up`,
      `route add ${ipv4}/32 dev ${device} scope link`,
      `route add ${ipv6}/128 dev ${device}`,
      `neighbour add ${ipv4} lladdr ${mac} dev ${device} nud permanent`,
      `neighbour add ${ipv6} lladdr ${mac} dev ${device} nud permanent`,
    ]),
    ...others.flatMap((other) => [
      `route add ${other.podCidr4} via ${other.ipv4} dev eth0`,
      `route add ${other.podCidr6} via ${other.ipv6} dev eth0`,
    ]),
  ];
}
