import { expect, test } from 'vitest';
import type { BpfObject } from '../../../agent/kernel/bpf-object.ts';
import { traceKernel, unknownTracers } from '../../../agent/kernel/tracers.ts';

const btfWith = (...names: string[]): Uint8Array => new TextEncoder().encode(`\0${names.map((name) => `btf_trace_${name}`).join('\0')}\0`);

test('unknownTracers() names programs whose tracepoint the kernel lacks, by its whole name', () => {
  expect(unknownTracers(btfWith('kfree_skb', 'tcp_send_reset', 'tcp_retransmit_skb'))).toEqual([]);
  expect(unknownTracers(btfWith('kfree_skb', 'tcp_retransmit_skb', 'tcp_send_resets'))).toEqual(['ht_send_reset']);
});

test('traceKernel() says in one line each what is not seen, and goes on', () => {
  const object: BpfObject = {
    map: () => { throw new Error('no map'); }, maps: new Map(), programFd: () => -1, programs: new Map(),
    programPointer: (name) => { throw new Error(`${name} is not loaded`); }, close: () => undefined,
  };
  const told: string[] = [];
  expect(traceKernel(object, ['ht_send_reset'], (text) => told.push(text))).toEqual([]);
  expect(told).toEqual(['no kernel drops: ht_kfree_skb is not loaded', 'no reasons of TCP resets: this kernel has no tracepoint tcp_send_reset', 'no TCP retransmits: ht_retransmit is not loaded']);
});
