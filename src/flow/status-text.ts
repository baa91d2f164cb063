import type { ServerStatusResponse } from '../wire/gen/observer.ts';
import { safe } from './text-pieces.ts';
import { layOutTable } from './text-table.ts';
import { formatDuration } from './time-parse.ts';

/** Formats of ServerStatus besides JSON. */
export type StatusFormat = 'compact' | 'dict' | 'table';

/** ServerStatus as hubble prints it, line ends included. */
export function statusText(status: ServerStatusResponse, format: StatusFormat): string {
  if (format === 'compact') return compact(status);
  const fields = fieldsOf(status);
  if (format === 'dict') return fields.map(([name, value]) => `${name.padStart(19)}: ${value}\n`).join('');
  const heads = fields.map(([name]) => (name === 'NUM UNAVAIL. NODES' ? 'NUM UNAVAILABLE NODES' : name));
  return layOutTable([heads, fields.map(([, value]) => value)]);
}

/** `11,904` */
export function grouped(value: bigint): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

function rateOf(status: ServerStatusResponse): number | undefined {
  if ((status.flows_rate ?? 0) > 0) return status.flows_rate;
  const uptime = status.uptime_ns ?? 0n;
  return uptime > 0n ? Number(status.seen_flows ?? 0n) / (Number(uptime) / 1e9) : undefined;
}

function compact(status: ServerStatusResponse): string {
  const [current, max] = [status.num_flows ?? 0n, status.max_flows ?? 0n];
  const share = max > 0n ? ` (${((Number(current) / Number(max)) * 100).toFixed(2)}%)` : '';
  const lines = [`Current/Max Flows: ${grouped(current)}/${grouped(max)}${share}`, `Flows/s: ${rateOf(status)?.toFixed(2) ?? 'N/A'}`];
  const connected = status.num_connected_nodes?.value ?? 0;
  const unavailable = status.num_unavailable_nodes?.value ?? 0;
  if (status.num_connected_nodes !== undefined) {
    lines.push(`Connected Nodes: ${connected}${status.num_unavailable_nodes === undefined ? '' : `/${connected + unavailable}`}`);
  }
  if (unavailable > 0) lines.push(...unavailableLines(unavailable, status.unavailable_nodes));
  return lines.map((line) => `${line}\n`).join('');
}

function unavailableLines(count: number, names: readonly string[] | undefined): string[] {
  const lines = [`Unavailable Nodes: ${count}`];
  if (names === undefined) return lines;
  lines.push(...[...names].sort().map((name) => `  - ${safe(name)}`));
  if (names.length < count) lines.push(`  and ${count - names.length} more...`);
  return lines;
}

function fieldsOf(status: ServerStatusResponse): [name: string, value: string][] {
  const orNone = (value: number | undefined): string => (value === undefined ? 'N/A' : String(value));
  return [
    ['NUM FLOWS', grouped(status.num_flows ?? 0n)],
    ['MAX FLOWS', grouped(status.max_flows ?? 0n)],
    ['SEEN FLOWS', grouped(status.seen_flows ?? 0n)],
    ['FLOWS PER SECOND', rateOf(status)?.toFixed(2) ?? 'N/A'],
    ['UPTIME', formatDuration(status.uptime_ns ?? 0n)],
    ['NUM CONNECTED NODES', orNone(status.num_connected_nodes === undefined ? undefined : (status.num_connected_nodes.value ?? 0))],
    ['NUM UNAVAIL. NODES', orNone(status.num_unavailable_nodes === undefined ? undefined : (status.num_unavailable_nodes.value ?? 0))],
    ['VERSION', safe(status.version ?? '') || 'N/A'],
  ];
}
