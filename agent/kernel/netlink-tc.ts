/**
 * Traffic control over rtnetlink as bytes (linux/rtnetlink.h, pkt_sched.h,
 * pkt_cls.h): clsact qdiscs and the filters on them. Parser of one format, no
 * input or output.
 */
import { attribute, attributes, attributeText, number32 } from './netlink-attributes.ts';

/** Message types. */
export const newQdisc = 36;
const deleteQdisc = 37;
const getQdisc = 38;
/** What a filter is told with. */
export const newFilter = 44;
const deleteFilter = 45;
const getFilter = 46;
const REQUEST = 1, ACK = 4, DUMP = 0x300, EXCLUSIVE = 0x200, CREATE = 0x400;
/** TC_H_CLSACT, and its two hooks as parents of filters. */
const CLSACT = 0xffff_fff1;
const CLSACT_HANDLE = 0xffff_0000;
const HOOKS = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const;
/** ETH_P_ALL in network order. */
const ALL_PROTOCOLS = 0x0300;
const KIND = 1, OPTIONS = 2;
const BPF_FD = 6, BPF_NAME = 7, BPF_FLAGS = 8, BPF_ID = 11;
const DIRECT_ACTION = 1;

/** Way of packets as the device sees it. */
export type Way = keyof typeof HOOKS;

/** A queueing discipline of a device. */
export interface Qdisc {
  ifindex: number;
  /** clsact, ingress, noqueue, ... */
  kind: string;
}

/** A filter of a device. Lower priorities run first. */
export interface Filter {
  ifindex: number;
  priority: number;
  protocol: number;
  /** 0 = no filter but the head of a priority. */
  handle: number;
  /** bpf, u32, matchall, ... */
  kind: string;
  /** Of a BPF filter. */
  name: string;
  programId: number;
}

/** Where a filter stands. */
export interface FilterPlace {
  ifindex: number;
  way: Way;
  priority: number;
  handle: number;
}

interface TcMessage {
  type: number;
  flags: number;
  ifindex?: number;
  handle?: number;
  parent?: number;
  info?: number;
  attributes?: Uint8Array[];
}

/** Netlink header and struct tcmsg: family, padding, ifindex at 4, handle, parent, info. */
function tcMessage(sequence: number, { type, flags, ifindex = 0, handle = 0, parent = 0, info = 0, attributes: parts = [] }: TcMessage): Uint8Array {
  const rest = Buffer.concat(parts);
  const bytes = new Uint8Array(36 + rest.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setInt32(20, ifindex, true);
  view.setUint32(24, handle, true);
  view.setUint32(28, parent, true);
  view.setUint32(32, info, true);
  bytes.set(rest, 36);
  return bytes;
}

function words(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

function number(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

/** Lists the qdiscs of all devices. */
export function listQdiscs(sequence: number): Uint8Array {
  return tcMessage(sequence, { type: getQdisc, flags: REQUEST | DUMP });
}

/** Lists the filters of one device and way. */
export function listFilters(sequence: number, { ifindex, way }: Pick<FilterPlace, 'ifindex' | 'way'>): Uint8Array {
  return tcMessage(sequence, { type: getFilter, flags: REQUEST | DUMP, ifindex, parent: HOOKS[way] });
}

/** Makes the qdisc that filters hang on; EEXIST where there is one. */
export function addClsact(sequence: number, ifindex: number): Uint8Array {
  return tcMessage(sequence, { type: newQdisc, flags: REQUEST | ACK | CREATE | EXCLUSIVE, ifindex, handle: CLSACT_HANDLE, parent: CLSACT, attributes: [attribute(KIND, words('clsact'))] });
}

/** Removes that qdisc, with all filters on it. */
export function removeClsact(sequence: number, ifindex: number): Uint8Array {
  return tcMessage(sequence, { type: deleteQdisc, flags: REQUEST | ACK, ifindex, handle: CLSACT_HANDLE, parent: CLSACT });
}

/** Adds a BPF filter that decides itself; EEXIST where the place is taken. */
export function addFilter(sequence: number, { ifindex, way, priority, handle }: FilterPlace, program: { fd: number; name: string }): Uint8Array {
  const options = Buffer.concat([attribute(BPF_FD, number(program.fd)), attribute(BPF_NAME, words(program.name)), attribute(BPF_FLAGS, number(DIRECT_ACTION))]);
  return tcMessage(sequence, {
    type: newFilter, flags: REQUEST | ACK | CREATE | EXCLUSIVE, ifindex, handle, parent: HOOKS[way], info: (priority << 16 | ALL_PROTOCOLS) >>> 0,
    attributes: [attribute(KIND, words('bpf')), attribute(OPTIONS, options)],
  });
}

/** Removes one BPF filter. */
export function removeFilter(sequence: number, { ifindex, way, priority, handle }: FilterPlace): Uint8Array {
  return tcMessage(sequence, { type: deleteFilter, flags: REQUEST | ACK, ifindex, handle, parent: HOOKS[way], info: (priority << 16 | ALL_PROTOCOLS) >>> 0, attributes: [attribute(KIND, words('bpf'))] });
}

/** A qdisc from a message's body. */
export function parseQdisc(view: DataView, body: Uint8Array): Qdisc {
  const qdisc: Qdisc = { ifindex: view.getInt32(4, true), kind: '' };
  for (const [type, value] of attributes(body, 20)) if (type === KIND) qdisc.kind = attributeText(value);
  return qdisc;
}

/** A filter from a message's body. */
export function parseFilter(view: DataView, body: Uint8Array): Filter {
  const info = view.getUint32(16, true);
  const filter: Filter = { ifindex: view.getInt32(4, true), priority: info >>> 16, protocol: info & 0xffff, handle: view.getUint32(8, true), kind: '', name: '', programId: 0 };
  for (const [type, value] of attributes(body, 20)) {
    if (type === KIND) filter.kind = attributeText(value);
    else if (type === OPTIONS && filter.kind === 'bpf') readBpfOptions(value, filter);
  }
  return filter;
}

function readBpfOptions(options: Uint8Array, filter: Filter): void {
  for (const [type, value] of attributes(options, 0)) {
    if (type === BPF_NAME) filter.name = attributeText(value);
    else if (type === BPF_ID) filter.programId = number32(value) >>> 0;
  }
}
