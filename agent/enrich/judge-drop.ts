import type { Refusal } from '../../src/wire/gen/hubtop.ts';

/** A packet that was dropped: label sets of its ends, IP protocol and destination port. */
export interface DroppedPacket {
  sourceLabels: number;
  destinationLabels: number;
  protocol: number;
  port: number;
}

/** What our own evaluator says of a packet that somebody else dropped; undefined where no policy refuses it. Cheap: it may be asked for every flow. */
export type JudgeDrop = (packet: DroppedPacket) => Refusal | undefined;

/** Reasons of the kernel that mean: another program or rule decided it, perhaps for a policy that we know too. */
const FOREIGN: ReadonlySet<string> = new Set(['NETFILTER_DROP', 'TC_INGRESS', 'TC_EGRESS', 'BPF_CGROUP_EGRESS']);

/** Whether a drop of this name in the kernel was somebody's decision. */
export function isForeignDecision(kernelReason: string): boolean {
  return FOREIGN.has(kernelReason);
}
