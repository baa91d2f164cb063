import { readdirSync, readFileSync } from 'node:fs';
import { programName } from './bpf-ids.ts';
import { libbpf } from './libbpf.ts';
import { addressOf, libc } from './native.ts';

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
  /** It sees packets before all others, and what it drops nobody else sees. */
  xdp: string | undefined;
}

/** Devices of this network namespace on which programs run, whoever put them there. What the kernel cannot tell is left out. */
export function devicePrograms(): DevicePrograms[] {
  return readdirSync('/sys/class/net').slice(0, MAX_DEVICES).flatMap((device): DevicePrograms[] => {
    const ifindex = ifindexOf(device);
    if (ifindex === 0) return [];
    const found = { device, ingress: tcxPrograms(ifindex, TCX_INGRESS), egress: tcxPrograms(ifindex, TCX_EGRESS), xdp: xdpProgram(ifindex) };
    return found.ingress.length + found.egress.length > 0 || found.xdp !== undefined ? [found] : [];
  });
}

function ifindexOf(device: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8')) || 0;
  } catch {
    // it went away meanwhile, or is no device: bonding_masters
    return 0;
  }
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
