import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { enterNetworkNamespace } from '../../../agent/kernel/native.ts';

/** Where the build puts the programs, or where HUBTOP_BPF_OBJECT says. */
export const objectPath = process.env.HUBTOP_BPF_OBJECT ?? 'dist/bpf/hubtop.o';

/** Why tests with the real kernel cannot run here; undefined when they can. */
export function missingForKernelTests(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs a kernel with BTF';
  if (!existsSync(objectPath)) return `needs ${objectPath}: npm run build with clang`;
  return undefined;
}

/** Runs a program and returns what it printed; its failure throws with stderr. */
export function run(command: string): string {
  const [program = '', ...words] = command.split(' ').filter((word) => word !== '');
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A pod: a namespace, and a veth from it to the node's namespace. */
export interface ScratchPod {
  name: string;
  ip: string;
  hostDevice: string;
  hostIfindex: number;
  inside(command: string): string;
  remove(): void;
}

/** A node as a network namespace with an uplink, which this thread is in until remove(). */
export class ScratchNode {
  private readonly names: string[] = [];
  private readonly homeFd = openSync('/proc/thread-self/ns/net', 'r');
  private readonly prefix = `ht-t3-${process.pid}`;
  readonly name = `${this.prefix}-node`;

  constructor() {
    this.addNamespace(this.name);
    this.addNamespace(`${this.prefix}-out`);
    run(`ip -n ${this.name} link add uplink type veth peer name eth0 netns ${this.prefix}-out`);
    run(`ip -n ${this.name} address add 10.253.0.2/24 dev uplink`);
    run(`ip -n ${this.name} link set uplink up`);
    run(`ip -n ${this.prefix}-out link set eth0 up`);
    run(`ip -n ${this.name} route add default via 10.253.0.1`);
    run(`nsenter --net=/run/netns/${this.name} sysctl -q -w net.ipv4.ip_forward=1`);
    enterNetworkNamespace(`/run/netns/${this.name}`);
  }

  /** Adds a pod whose address is 10.253.1.NUMBER, reached by a host route; the number of its host device may be given. */
  addPod(number: number, hostIfindex?: number): ScratchPod {
    const name = `${this.prefix}-pod${number}`;
    const hostDevice = `pod${number}`;
    const ip = `10.253.1.${number}`;
    this.addNamespace(name);
    run(`ip -n ${this.name} link add ${hostDevice} ${hostIfindex === undefined ? '' : `index ${hostIfindex} `}type veth peer name eth0 netns ${name}`);
    run(`ip -n ${name} address add ${ip}/32 dev eth0`);
    run(`ip -n ${name} link set eth0 up`);
    run(`ip -n ${this.name} link set ${hostDevice} up`);
    run(`ip -n ${this.name} route add ${ip}/32 dev ${hostDevice}`);
    run(`ip -n ${name} route add 169.254.1.1 dev eth0`);
    run(`ip -n ${name} route add default via 169.254.1.1`);
    run(`nsenter --net=/run/netns/${this.name} sysctl -q -w net.ipv4.conf.${hostDevice}.proxy_arp=1`);
    return this.describePod({ name, ip, hostDevice });
  }

  /** Adds a pod whose address is 10.253.2.NUMBER behind a bridge that has 10.253.2.1, as flannel does. */
  addBridgedPod(number: number): ScratchPod {
    const name = `${this.prefix}-pod${number}`;
    const hostDevice = `port${number}`;
    const ip = `10.253.2.${number}`;
    this.addNamespace(name);
    run(`ip -n ${this.name} link add cni0 type bridge`);
    run(`ip -n ${this.name} address add 10.253.2.1/24 dev cni0`);
    run(`ip -n ${this.name} link set cni0 up`);
    run(`ip -n ${this.name} link add ${hostDevice} type veth peer name eth0 netns ${name}`);
    run(`ip -n ${this.name} link set ${hostDevice} master cni0 up`);
    run(`ip -n ${name} address add ${ip}/24 dev eth0`);
    run(`ip -n ${name} link set eth0 up`);
    run(`ip -n ${name} route add default via 10.253.2.1`);
    return this.describePod({ name, ip, hostDevice });
  }

  private describePod(pod: Pick<ScratchPod, 'name' | 'ip' | 'hostDevice'>): ScratchPod {
    return {
      ...pod,
      hostIfindex: Number(/^(\d+):/.exec(run(`ip -n ${this.name} -o link show ${pod.hostDevice}`))?.[1]),
      inside: (command) => run(`nsenter --net=/run/netns/${pod.name} ${command}`),
      remove: () => this.removeNamespace(pod.name),
    };
  }

  remove(): void {
    enterNetworkNamespace(`/proc/self/fd/${this.homeFd}`);
    closeSync(this.homeFd);
    for (const name of this.names) this.removeNamespace(name);
  }

  private addNamespace(name: string): void {
    run(`ip netns add ${name}`);
    this.names.push(name);
    // its neighbour discovery and multicast reports would come at any moment
    run(`nsenter --net=/run/netns/${name} sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1`);
    run(`ip -n ${name} link set lo up`);
  }

  private removeNamespace(name: string): void {
    spawnSync('ip', ['netns', 'delete', name]);
  }
}

/** Packets and bytes a pod received and sent, by its own device counters. */
export function deviceCounters(pod: ScratchPod): { rxBytes: number; rxPackets: number; txBytes: number; txPackets: number } {
  const line = pod.inside('cat /proc/net/dev').split('\n').find((text) => text.trim().startsWith('eth0:')) ?? '';
  const [rxBytes, rxPackets, , , , , , , txBytes, txPackets] = line.replace(/^\s*eth0:/, '').trim().split(/\s+/).map(Number);
  return { rxBytes: rxBytes ?? 0, rxPackets: rxPackets ?? 0, txBytes: txBytes ?? 0, txPackets: txPackets ?? 0 };
}

/** Numbers of the BPF programs, maps and links that a process holds by a descriptor, such as `prog_id 12`. */
export function bpfOf(pid: number | 'self'): string[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    try {
      return [...readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').matchAll(/^(prog_id|map_id|link_id):\s*(\d+)$/gm)].map((match) => `${match[1]} ${match[2]}`);
    } catch {
      return []; // closed meanwhile
    }
  });
}

/** Whether the machine still has a program with this number. */
export function programExists(id: string): boolean {
  return run('bpftool prog show').split('\n').some((line) => line.startsWith(`${id}: `));
}

/** Programs, maps and links of hubtop that the machine has now, whoever holds them. */
export function ownBpf(): string[] {
  const list = (what: string): { id: number; name?: string; prog_id?: number }[] => JSON.parse(run(`bpftool -j ${what} list`)) as { id: number; name?: string; prog_id?: number }[];
  const programs = list('prog').filter(({ name }) => name?.startsWith('ht_'));
  const links = list('link').filter((link) => programs.some(({ id }) => id === link.prog_id));
  return [...programs.map(({ id }) => `program ${id}`), ...list('map').filter(({ name }) => name?.startsWith('ht_')).map(({ id }) => `map ${id}`), ...links.map(({ id }) => `link ${id}`)];
}
