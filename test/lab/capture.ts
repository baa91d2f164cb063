import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inNamespace } from '../../agent/lab/namespace.ts';
import { formatIp } from '../../src/lib/ip-bytes.ts';

/** One captured packet, as far as a pair needs it. ICMP has its type as destination port. */
export interface Captured {
  source: string;
  destination: string;
  protocol: number;
  sourcePort: number;
  destinationPort: number;
  /** On the device, link header included. */
  bytes: number;
}

/** A running tcpdump. */
export interface Capture {
  /** Ends it and reads what it saw; throws if the kernel dropped packets of the capture itself. */
  stop(): Promise<Captured[]>;
}

const snapBytes = 128;
const ethernetIpv4 = 0x0800;
const ethernetIpv6 = 0x86dd;

/** Captures IP packets on a device of a network namespace, with the independent eyes of tcpdump. */
export async function startCapture(netns: string, device: string): Promise<Capture> {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-capture-'));
  const file = join(folder, 'packets.pcap');
  const [program = '', ...args] = inNamespace(netns, ['tcpdump', '-i', device, '-n', '-U', '-s', String(snapBytes), '-B', '16384', '-Z', 'root', '-w', file, 'ip or ip6']);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text; });
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', () => { if (complaint.includes('listening on')) resolve(); });
    child.once('error', reject);
    child.once('exit', () => { reject(new Error(`tcpdump ended: ${complaint}`)); });
  });
  return {
    stop: async () => {
      const ended = new Promise((resolve) => { child.once('close', resolve); });
      child.kill('SIGINT');
      await ended;
      const packets = readPcap(readFileSync(file));
      rmSync(folder, { recursive: true });
      if (!/^0 packets dropped by kernel/m.test(complaint)) throw new Error(`the capture itself lost packets: ${complaint}`);
      return packets;
    },
  };
}

/** Packets of a pcap file of Ethernet frames in this machine's byte order. */
export function readPcap(file: Uint8Array): Captured[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const packets: Captured[] = [];
  for (let at = 24; at + 16 <= file.length;) {
    const capturedBytes = view.getUint32(at + 8, true);
    const packet = readPacket(file.subarray(at + 16, at + 16 + capturedBytes), view.getUint32(at + 12, true));
    if (packet !== undefined) packets.push(packet);
    at += 16 + capturedBytes;
  }
  return packets;
}

function readPacket(frame: Uint8Array, bytes: number): Captured | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const type = view.getUint16(12);
  if (type !== ethernetIpv4 && type !== ethernetIpv6) return undefined;
  const isIpv4 = type === ethernetIpv4;
  const protocol = view.getUint8(14 + (isIpv4 ? 9 : 6));
  const payloadAt = 14 + (isIpv4 ? (view.getUint8(14) & 15) * 4 : 40);
  const hasPorts = protocol === 6 || protocol === 17;
  return {
    source: formatIp(frame, isIpv4 ? 4 : 6, 14 + (isIpv4 ? 12 : 8)),
    destination: formatIp(frame, isIpv4 ? 4 : 6, 14 + (isIpv4 ? 16 : 24)),
    protocol,
    sourcePort: hasPorts ? view.getUint16(payloadAt) : 0,
    destinationPort: hasPorts ? view.getUint16(payloadAt + 2) : view.getUint8(payloadAt),
    bytes,
  };
}
