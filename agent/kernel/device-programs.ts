import { programName } from './bpf-ids.ts';
import { filteredDevices, filtersOf, WAYS } from './clsact-filters.ts';
import { libbpf } from './libbpf.ts';
import { addressOf, libc } from './native.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Way } from './netlink-tc.ts';

/** Number of bpf(2) by machine, and of its command that asks what is attached. */
const BPF_CALL: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };
const BPF_PROG_QUERY = 16;
const [TCX_INGRESS, TCX_EGRESS] = [46, 47];
/** union bpf_attr for a query, and programs of a device that are told. */
const QUERY_BYTES = 64;
const MAX_PROGRAMS = 64;
const MAX_DEVICES = 4_096;

/** What runs on a device of this network namespace, first to last. */
export interface DevicePrograms {
  device: string;
  ingress: string[];
  egress: string[];
  /** Of tc, in the order they run; after the programs above. */
  filters: { way: Way; name: string; priority: number }[];
  /** It sees packets before all others, and what it drops nobody else sees. */
  xdp: string | undefined;
}

/** Devices of this network namespace on which programs run, whoever put them there. What the kernel cannot tell is left out. */
export function devicePrograms(): DevicePrograms[] {
  const socket = NetlinkSocket.open({ isSubscribed: false });
  try {
    const filtered = new Set(filteredDevices(socket));
    // not by /sys/class/net, which shows the namespace it was mounted in
    const links = socket.dump('links').flatMap((message) => (message.kind === 'link' ? [message.link] : []));
    return links.slice(0, MAX_DEVICES).flatMap(({ ifindex, name: device }): DevicePrograms[] => {
      const filters = filtered.has(ifindex) ? WAYS.flatMap((way) => filterNames(socket, ifindex, way)) : [];
      const found = { device, ingress: tcxPrograms(ifindex, TCX_INGRESS), egress: tcxPrograms(ifindex, TCX_EGRESS), filters, xdp: xdpProgram(ifindex) };
      return found.ingress.length + found.egress.length + filters.length > 0 || found.xdp !== undefined ? [found] : [];
    });
  } finally {
    socket.close();
  }
}

// u32 tells of its tables as well: one name a priority
function filterNames(socket: NetlinkSocket, ifindex: number, way: Way): DevicePrograms['filters'] {
  const byPriority = new Map(filtersOf(socket, ifindex, way).map(({ priority, kind, name }) => [`${priority} ${name || kind}`, { way, name: name || kind, priority }]));
  return [...byPriority.values()];
}

function tcxPrograms(ifindex: number, attachType: number): string[] {
  const call = BPF_CALL[process.arch];
  if (call === undefined) return [];
  const ids = new Uint32Array(MAX_PROGRAMS);
  const attributes = new DataView(new ArrayBuffer(QUERY_BYTES));
  attributes.setUint32(0, ifindex, true);
  attributes.setUint32(4, attachType, true);
  attributes.setBigUint64(16, addressOf(ids), true);
  attributes.setUint32(24, ids.length, true);
  if (Number(libc().syscall(call, BPF_PROG_QUERY, attributes, QUERY_BYTES)) < 0) return [];
  return [...ids.subarray(0, Math.min(ids.length, attributes.getUint32(24, true)))].map(programName);
}

function xdpProgram(ifindex: number): string | undefined {
  const id = new Uint32Array(1);
  const result = Number(libbpf().bpf_xdp_query_id(ifindex, 0, id));
  return result < 0 || (id[0] ?? 0) === 0 ? undefined : programName(id[0] ?? 0);
}
