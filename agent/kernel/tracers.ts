import { attachTracing } from './attach.ts';
import type { BpfObject } from './bpf-object.ts';
import { hasBtfName } from './btf.ts';
import { errorLine } from './kernel-error.ts';

/** Programs that trace the kernel itself: where they hang, and what is not seen without them. */
const tracers: readonly { program: string; tracepoint: string; shows: string }[] = [
  { program: 'ht_kfree_skb', tracepoint: 'kfree_skb', shows: 'kernel drops' },
  { program: 'ht_send_reset', tracepoint: 'tcp_send_reset', shows: 'reasons of TCP resets' },
  { program: 'ht_retransmit', tracepoint: 'tcp_retransmit_skb', shows: 'TCP retransmits' },
];

/** Tracing programs that this kernel has no place for. They must not be loaded: libbpf would refuse the whole object for one of them. */
export function unknownTracers(btf: Uint8Array): string[] {
  return tracers.filter(({ tracepoint }) => !hasBtfName(btf, `btf_trace_${tracepoint}`)).map(({ program }) => program);
}

/** Starts the tracing programs that were loaded; returns what ends them. They are an addition: without them (lockdown, say) flows still work. */
export function traceKernel(object: BpfObject, leftOut: readonly string[], onWarning: (text: string) => void): (() => void)[] {
  return tracers.flatMap(({ program, tracepoint, shows }) => {
    try {
      if (!leftOut.includes(program)) return [attachTracing(object, program)];
      onWarning(`no ${shows}: this kernel has no tracepoint ${tracepoint}`);
    } catch (error) {
      onWarning(`no ${shows}: ${errorLine(error)}`);
    }
    return [];
  });
}
