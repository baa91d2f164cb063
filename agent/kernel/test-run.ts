import type { BpfObject } from './bpf-object.ts';
import { KernelError, errnoText } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { addressOf, callAsync } from './native.ts';

const packetOutputBytes = 65_536;

/** What one BPF_PROG_TEST_RUN gave. */
export interface TestRun {
  /** As the program returned it; tc programs return -1 for "next". */
  returned: number;
  /** Of one repetition, on average. */
  durationNs: number;
  /** The packet as the program left it. */
  packet: Uint8Array;
}

/** Fields of struct __sk_buff that a test run may set. */
export interface PacketContext {
  repeat?: number;
  /** Must be a device of the current network namespace; without it the loopback device is used. */
  ifindex?: number;
  /** The device it came in by; any number. */
  ingressIfindex?: number;
  gsoSegments?: number;
  gsoSize?: number;
  mark?: number;
}

/** Runs a tc program on a packet, Ethernet header first, without any device. */
export function runOnPacket(object: BpfObject, program: string, packet: Uint8Array, context: PacketContext = {}): TestRun {
  const output = new Uint8Array(packetOutputBytes);
  const options = new TestRunOptions();
  const socketBuffer = skBuff(context);
  options.pointer(8, packet, 24).pointer(16, output, 28).pointer(32, socketBuffer, 48);
  options.view.setInt32(60, context.repeat ?? 1, true);
  options.run(object.programFd(program), program);
  return {
    returned: options.view.getInt32(56, true),
    durationNs: options.view.getUint32(64, true),
    packet: output.subarray(0, options.view.getUint32(28, true)),
  };
}

/** Runs a syscall program on a context that it may write to; gives back what it returned. */
export function runSyscallProgram(programFd: number, name: string, context: Uint8Array): number {
  const options = new TestRunOptions();
  options.pointer(32, context, 48);
  options.run(programFd, name);
  return options.view.getInt32(56, true);
}

/** The same on a thread of libuv's pool, so that a long run does not hold up this one; the context is filled when `done` is called. */
export function startSyscallProgram(programFd: number, context: Uint8Array, done: (errorNumber: number) => void): void {
  const options = new TestRunOptions();
  options.pointer(32, context, 48);
  options.start(programFd, done);
}

/** Runs on other threads: the kernel writes to their memory until they end. */
const running = new Set<object>();

/** struct bpf_test_run_opts of libbpf 1.x. */
class TestRunOptions {
  private readonly bytes = new Uint8Array(80);
  readonly view = new DataView(this.bytes.buffer);
  private readonly keptAlive: Uint8Array[] = [];

  pointer(offset: number, memory: Uint8Array, sizeOffset: number): this {
    this.keptAlive.push(memory);
    this.view.setBigUint64(offset, addressOf(memory), true);
    this.view.setUint32(sizeOffset, memory.length, true);
    return this;
  }

  start(programFd: number, done: (errorNumber: number) => void): void {
    this.view.setBigUint64(0, BigInt(this.bytes.length), true);
    running.add(this);
    callAsync(libbpf().bpf_prog_test_run_opts, [programFd, this.bytes], (result) => {
      running.delete(this);
      done(Number(result));
    });
  }

  run(programFd: number, name: string): void {
    this.view.setBigUint64(0, BigInt(this.bytes.length), true);
    const result = Number(libbpf().bpf_prog_test_run_opts(programFd, this.bytes));
    if (result < 0) throw new KernelError('system-call', `cannot run BPF program ${name}: ${errnoText(result)}`);
  }
}

/** struct __sk_buff of linux/bpf.h; the kernel refuses fields that it cannot set. */
function skBuff({ ifindex = 0, ingressIfindex = 0, gsoSegments = 0, gsoSize = 0, mark = 0 }: PacketContext): Uint8Array {
  const bytes = new Uint8Array(192);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, mark, true);
  view.setUint32(36, ingressIfindex, true);
  view.setUint32(40, ifindex, true);
  view.setUint32(164, gsoSegments, true);
  view.setUint32(176, gsoSize, true);
  return bytes;
}
