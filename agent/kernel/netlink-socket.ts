import { KernelError, errnoText } from './kernel-error.ts';
import { closeFd, lastErrno, libc } from './native.ts';
import { dumpRequest, parseNetlink, type NetlinkMessage } from './netlink.ts';

const familyNetlink = 16;
const rawNonBlocking = 3 | 0x800 | 0x80000; // SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC
const solNetlink = 270;
const addMembership = 1;
const receiveBytes = 1 << 16; // the kernel fills at most 32 KiB a datagram of a dump
const receiveBufferBytes = 4 << 20;
const eagain = 11;
const eintr = 4;
const enobufs = 105;
const maxDatagramsPerDump = 100_000;
/** A list that changes while it is read is read again. */
const maxDumpTries = 10;

/** Notifications we listen to: RTNLGRP_LINK, NEIGH, IPV4_ROUTE, IPV6_ROUTE. */
const groups = [1, 3, 7, 11];

/** A route netlink socket in the current network namespace, which it stays in. */
export class NetlinkSocket {
  private sequence = 0;
  private readonly buffer = new Uint8Array(receiveBytes);

  private constructor(readonly fd: number) {}

  /** Opens one; a subscribed socket receives notifications and must not be used for dumps. */
  static open({ isSubscribed }: { isSubscribed: boolean }): NetlinkSocket {
    const fd = Number(libc().socket(familyNetlink, rawNonBlocking, 0));
    if (fd < 0) throw new KernelError('system-call', `cannot open a netlink socket: ${errnoText(lastErrno())}`);
    const address = new Uint16Array([familyNetlink, 0, 0, 0, 0, 0]);
    if (Number(libc().bind(fd, address, 12)) < 0) {
      closeFd(fd);
      throw new KernelError('system-call', `cannot bind a netlink socket: ${errnoText(lastErrno())}`);
    }
    const solSocket = 1, receiveBufferForce = 33;
    libc().setsockopt(fd, solSocket, receiveBufferForce, new Uint32Array([receiveBufferBytes]), 4);
    if (isSubscribed) for (const group of groups) libc().setsockopt(fd, solNetlink, addMembership, new Uint32Array([group]), 4);
    return new NetlinkSocket(fd);
  }

  /** Everything of one kind, or a KernelError: half a list would take programs off devices that are there. */
  dump(what: Parameters<typeof dumpRequest>[0]): NetlinkMessage[] {
    return this.list(what, (sequence) => dumpRequest(what, sequence));
  }

  /** As dump(), with a request of one's own. */
  list(what: string, request: (sequence: number) => Uint8Array): NetlinkMessage[] {
    for (let tries = 0; tries < maxDumpTries; tries++) {
      const all = this.tryDump(what, request);
      if (all !== undefined) return all;
    }
    throw new KernelError('system-call', `cannot list ${what}: they change faster than they can be read`);
  }

  /** The kernel prepares each part while we read the one before, so this never waits. Undefined when something may be missing. */
  private tryDump(what: string, request: (sequence: number) => Uint8Array): NetlinkMessage[] | undefined {
    this.send(`list ${what}`, request);
    const all: NetlinkMessage[] = [];
    let isWhole = true;
    for (let datagrams = 0; datagrams < maxDatagramsPerDump; datagrams++) {
      const received = this.receive();
      if (received === 'empty') break;
      if (received === 'lost' || received.some(({ kind }) => kind === 'interrupted')) {
        // the rest is read all the same: it must not be taken for the next list
        isWhole = false;
        continue;
      }
      all.push(...received);
      const end = received.at(-1);
      if (end?.kind === 'error' && end.errno !== 0) throw new KernelError('system-call', `cannot list ${what}: ${errnoText(end.errno)}`);
      if (end?.kind === 'done') break;
    }
    return isWhole ? all : undefined;
  }

  /** Asks for a change that the kernel confirms; 0, or the errno with which it refused. */
  change(what: string, request: (sequence: number) => Uint8Array): number {
    this.send(what, request);
    // the answer is there before send() returns
    for (let received = this.receive(); received !== 'empty'; received = this.receive()) {
      const answer = received === 'lost' ? undefined : received.find((message) => message.kind === 'error');
      if (answer !== undefined) return answer.errno;
    }
    throw new KernelError('system-call', `cannot ${what}: the kernel did not answer`);
  }

  private send(what: string, request: (sequence: number) => Uint8Array): void {
    const bytes = request(++this.sequence);
    if (Number(libc().send(this.fd, bytes, bytes.length, 0)) < 0) throw new KernelError('system-call', `cannot ${what}: ${errnoText(lastErrno())}`);
  }

  /** One datagram's messages, 'empty' when there is none, 'lost' when notifications were thrown away and only a dump helps. */
  receive(): NetlinkMessage[] | 'empty' | 'lost' {
    const length = Number(libc().recv(this.fd, this.buffer, this.buffer.length, 0));
    if (length >= 0) return parseNetlink(this.buffer.subarray(0, length));
    const errno = lastErrno();
    if (errno === eagain) return 'empty';
    if (errno === eintr) return [];
    if (errno === enobufs) return 'lost';
    throw new KernelError('system-call', `cannot read from netlink: ${errnoText(errno)}`);
  }

  close(): void {
    closeFd(this.fd);
  }
}
