import type { Endpoint, Flow } from '../wire/gen/flow.ts';
import { withoutSecrets } from './redact.ts';
import { scrub } from '../lib/scrub.ts';
import { dropReasonName, KERNEL_DROP } from './drop-words.ts';

const DROPPED = 2;
const AUDIT = 4;

/** Name of the reason a flow was dropped for; empty if it was not. */
export function flowReason(flow: Flow): string {
  if (flow.verdict !== DROPPED) return '';
  const number = flow.drop_reason_desc ?? flow.drop_reason ?? 0;
  if (number !== 0) return dropReasonName(number);
  const summary = flow.Summary ?? '';
  return summary.startsWith('kernel: ') ? scrub(summary.slice('kernel: '.length).split(' ')[0] ?? '', 48) : KERNEL_DROP;
}

/** Protocol as a reader names it: the layer 7 one where there is one. */
export function protocolOf(flow: Flow): string {
  if (flow.l7?.dns !== undefined) return 'DNS';
  if (flow.l7?.http !== undefined) return 'HTTP';
  if (flow.l7?.kafka !== undefined) return 'KAFKA';
  const { l4 } = flow;
  if (l4?.TCP !== undefined) return 'TCP';
  if (l4?.UDP !== undefined) return 'UDP';
  if (l4?.ICMPv4 !== undefined) return 'ICMP';
  if (l4?.ICMPv6 !== undefined) return 'ICMP6';
  if (l4?.SCTP !== undefined) return 'SCTP';
  return '-';
}

/** Destination port; 0 where there is none. */
export function portOf(flow: Flow): number {
  return flow.l4?.TCP?.destination_port ?? flow.l4?.UDP?.destination_port ?? flow.l4?.SCTP?.destination_port ?? 0;
}

/** Source port; 0 where there is none. */
export function sourcePortOf(flow: Flow): number {
  return flow.l4?.TCP?.source_port ?? flow.l4?.UDP?.source_port ?? flow.l4?.SCTP?.source_port ?? 0;
}

/** TCP flags as words, such as `SYN ACK`; empty for other protocols. */
export function flagsOf(flow: Flow): string {
  const flags = flow.l4?.TCP?.flags;
  if (flags === undefined) return '';
  const names: [boolean | undefined, string][] = [[flags.SYN, 'SYN'], [flags.FIN, 'FIN'], [flags.RST, 'RST'], [flags.PSH, 'PSH'], [flags.ACK, 'ACK'], [flags.URG, 'URG']];
  return names.filter(([isSet]) => isSet === true).map(([, name]) => name).join(' ');
}

/** Name of an endpoint in the stream: its pod, else its DNS name or reserved identity, else its address. */
export function endpointName(endpoint: Endpoint | undefined, ip: string, names: readonly string[] | undefined): string {
  const pod = scrub(endpoint?.pod_name ?? '', 120);
  const namespace = scrub(endpoint?.namespace ?? '', 63);
  if (pod !== '') return namespace === '' ? pod : `${namespace}/${pod}`;
  const name = names?.[0];
  if (name !== undefined && name !== '') return scrub(name.replace(/\.$/, ''), 120);
  const reserved = endpoint?.labels?.find((label) => label.startsWith('reserved:'))?.slice('reserved:'.length);
  const address = scrub(ip, 45);
  if (reserved === undefined || reserved === 'unknown') return address;
  return address === '' ? scrub(reserved, 40) : `${scrub(reserved, 24)} ${address}`;
}

/** What happened, in a few words: the WHY / WHAT column. Queries and user info of URLs are hidden unless they are revealed. */
export function whatOf(flow: Flow, isRevealed = false): string {
  if (flow.verdict === DROPPED) return flowReason(flow);
  if (flow.verdict === AUDIT) return 'audit: would deny';
  const { dns, http } = flow.l7 ?? {};
  if (http !== undefined) return scrub([http.method, pathOf(http.url, isRevealed), http.code, latency(flow)].filter(Boolean).join(' '), 200);
  if (dns !== undefined) return scrub([dns.qtypes?.[0], dns.query?.replace(/\.$/, ''), answer(dns.rcode, dns.ips)].filter(Boolean).join(' '), 200);
  const flags = flow.l4?.TCP?.flags;
  if (flags?.RST === true) return 'RST';
  const words = flagsOf(flow);
  if (words !== '') return words;
  const summary = scrub(flow.Summary ?? '', 80);
  return summary === protocolOf(flow) ? '' : summary;
}

function pathOf(url: string | undefined, isRevealed: boolean): string {
  return isRevealed ? (url ?? '') : withoutSecrets((url ?? '').replace(/^[a-z]+:\/\/[^/]*/, ''));
}

function latency(flow: Flow): string {
  const ns = Number(flow.l7?.latency_ns ?? 0n);
  return ns > 0 ? `${Math.round(ns / 1e6)}ms` : '';
}

const RCODES = ['', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

function answer(rcode: number | undefined, ips: readonly string[] | undefined): string {
  if (rcode !== undefined && rcode !== 0) return RCODES[rcode] ?? `RCODE ${rcode}`;
  return ips?.[0] === undefined ? '' : `= ${ips[0]}`;
}
