import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { attachToDevice } from '../../agent/kernel/attach.ts';
import { loadObject } from '../../agent/kernel/bpf-object.ts';
import { closeFd, enterNetworkNamespace, libc, loadLibrary } from '../../agent/kernel/native.ts';
import { compileObject, type Programs } from './programs.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const IFF_TUN_NO_PI = 0x1001;
const TUNSETIFF = 0x400454ca;
const O_RDWR_NONBLOCK = 0x802;

/** Sends frames as they are; the kernel refuses those shorter than the device's header. */
export interface RawSocket {
  send(frame: Uint8Array): boolean;
  close(): void;
}

/** A packet socket bound to a device of this network namespace. */
export function openRawSocket(ifindex: number): RawSocket {
  const fd = Number(libc().socket(AF_PACKET, SOCK_RAW, 0));
  const address = new Uint8Array(20); // struct sockaddr_ll
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint32(4, ifindex, true);
  if (fd < 0 || Number(libc().bind(fd, address, address.length)) < 0) throw new Error(`no packet socket on device ${ifindex}`);
  return { send: (frame) => Number(libc().send(fd, frame, frame.length, 0)) === frame.length, close: () => closeFd(fd) };
}

/** Runs something while this thread is in another network namespace. */
export function inNamespaceOf<T>(netns: string, action: () => T): T {
  const here = openSync('/proc/thread-self/ns/net', 'r');
  enterNetworkNamespace(`/run/netns/${netns}`);
  try {
    return action();
  } finally {
    enterNetworkNamespace(`/proc/self/fd/${here}`);
    closeSync(here);
  }
}

/** Received packets of a device, as this thread's network namespace has it. */
export function receivedPackets(device: string): number {
  const line = readFileSync('/proc/thread-self/net/dev', 'utf8').split('\n').find((text) => text.trim().startsWith(`${device}:`)) ?? '';
  return Number(line.trim().split(/[\s:]+/)[2]);
}

/** A number of a device here. */
export function ifindexOf(device: string): number {
  return Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
}

/** Runs ip(8). */
export function ip(command: string): void {
  execFileSync('ip', command.split(' '));
}

/** Our hooks on a device, and behind the one at its ingress a plain counter of what passed. */
export function attachCounted(programs: Programs, ifindex: number): { passed(): number; close(): void } {
  const counter = loadObject(compileObject('test/bpf/count.bpf.c'));
  // each is put before those that are there
  const links = [
    attachToDevice(counter.programFd('count_passed'), ifindex, 'ingress'),
    attachToDevice(programs.object.programFd('ht_from_endpoint'), ifindex, 'ingress'),
    attachToDevice(programs.object.programFd('ht_to_endpoint'), ifindex, 'egress'),
  ];
  return {
    passed: () => Number(new DataView((counter.map('passed').lookup(new Uint8Array(4)) ?? new Uint8Array(8)).buffer).getBigUint64(0, true)),
    close: () => {
      for (const link of links) link?.close();
      counter.close();
    },
  };
}

/** A device without Ethernet header: what is written to it is received by this machine, and what goes out is read. */
export function openTun(device: string): { write(packet: Uint8Array): void; read(): Uint8Array | undefined; close(): void } {
  const fd = openSync('/dev/net/tun', O_RDWR_NONBLOCK);
  const request = new Uint8Array(40); // struct ifreq
  request.set(new TextEncoder().encode(device));
  new DataView(request.buffer).setUint16(16, IFF_TUN_NO_PI, true);
  const calls = loadLibrary('libc.so.6', { ioctl: 'int ioctl(int fd, uint64_t request, void *argument)' });
  if (Number(calls?.ioctl(fd, TUNSETIFF, request)) < 0) throw new Error(`no tun device ${device}`);
  const buffer = new Uint8Array(65_536);
  return {
    write: (packet) => { writeSync(fd, packet); },
    read: () => {
      try {
        return buffer.slice(0, readSync(fd, buffer));
      } catch {
        return undefined;
      }
    },
    close: () => closeSync(fd),
  };
}
