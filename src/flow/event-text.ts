import { enumName } from '../wire/codec.ts';
import { type AgentEvent, AgentEventTypeEnum, type DebugEvent, DebugEventTypeEnum, type Endpoint } from '../wire/gen/flow.ts';
import type { GetAgentEventsResponse, GetDebugEventsResponse } from '../wire/gen/observer.ts';
import type { TextFormat } from './flow-printer.ts';
import { safe, type TextOptions } from './text-pieces.ts';
import { layOutTable } from './text-table.ts';

/** Prints agent and debug events in Hubble's text formats. */
export class EventPrinter {
  readonly #format: TextFormat;
  readonly #options: TextOptions;
  readonly #rows: string[][] = [];
  #isFirst = true;

  constructor(format: TextFormat, options: TextOptions) {
    this.#format = format;
    this.#options = options;
  }

  /** One agent event. */
  printAgentEvent({ agent_event: event = {}, node_name: node, time }: GetAgentEventsResponse): string {
    const type = enumName(AgentEventTypeEnum, event.type);
    const details = agentDetails(event, this.#options);
    const at = this.#options.formatTime(time);
    if (this.#format === 'compact') return `${at}${this.#node(node)}: ${type} (${details})\n`;
    if (this.#format === 'table') return this.#row(['TIMESTAMP', 'TYPE', 'DETAILS'], [at, type, details], node);
    return this.#entry([['TYPE', type], ['DETAILS', details]], at, node);
  }

  /** One debug event. */
  printDebugEvent({ debug_event: event = {}, node_name: node, time }: GetDebugEventsResponse): string {
    const { type, from, mark, cpu, message } = debugTexts(event);
    const at = this.#options.formatTime(time);
    if (this.#format === 'compact') return `${at}${this.#node(node)}: ${from} ${type} MARK: ${mark} CPU: ${cpu} (${message})\n`;
    if (this.#format === 'table') return this.#row(['TIMESTAMP', 'FROM', 'TYPE', 'CPU/MARK', 'MESSAGE'], [at, from, type, `${cpu} ${mark}`, message], node);
    return this.#entry([['TYPE', type], ['FROM', from], ['MARK', mark], ['CPU', cpu], ['MESSAGE', message]], at, node);
  }

  /** The whole of a table. */
  finish(): string {
    return layOutTable(this.#rows);
  }

  #node(node: string | undefined): string {
    return this.#options.showNode ? ` [${safe(node ?? '')}]` : '';
  }

  #row(heads: readonly string[], cells: readonly string[], node: string | undefined): string {
    const insertNode = (row: readonly string[], text: string): string[] => (this.#options.showNode ? [row[0] ?? '', text, ...row.slice(1)] : [...row]);
    if (this.#rows.length === 0) this.#rows.push(insertNode(heads, 'NODE'));
    this.#rows.push(insertNode(cells, safe(node ?? '')));
    return '';
  }

  /** Hubble's quirk: here the separator has no line end of its own. */
  #entry(lines: readonly (readonly [string, string])[], at: string, node: string | undefined): string {
    const all: readonly (readonly [string, string])[] = [['TIMESTAMP', at], ...(this.#options.showNode ? [['NODE', safe(node ?? '')] as const] : []), ...lines];
    const separator = this.#isFirst ? '' : '------------';
    this.#isFirst = false;
    return separator + all.map(([key, value]) => `${key.padStart(11)}: ${value}\n`).join('');
  }
}

/** `key: value` pieces; those without a value are left out. */
function pieces(...parts: readonly [key: string, value: string | number | bigint | undefined][]): string {
  return parts.filter(([, value]) => value !== undefined && value !== '').map(([key, value]) => `${key}: ${safe(String(value))}`).join(', ');
}

function listText(items: readonly string[] | undefined): string {
  return `[${(items ?? []).join(',')}]`;
}

/** What is in the brackets of an agent event. */
function agentDetails(event: AgentEvent, options: TextOptions): string {
  if (event.unknown !== undefined) return pieces(['type', event.unknown.type ?? ''], ['notification', event.unknown.notification ?? '']);
  if (event.agent_start !== undefined) return pieces(['start time', options.formatTime(event.agent_start.time)]);
  const policy = event.policy_update;
  if (policy !== undefined) return pieces(['labels', listText(policy.labels)], ['revision', policy.revision ?? 0n], ['count', policy.rule_count ?? 0n]);
  const regenerated = event.endpoint_regenerate;
  if (regenerated !== undefined) return pieces(['id', regenerated.id ?? 0n], ['labels', listText(regenerated.labels)], ['error', regenerated.error]);
  const endpoint = event.endpoint_update;
  if (endpoint !== undefined) return pieces(['id', endpoint.id ?? 0n], ['namespace', endpoint.namespace], ['pod name', endpoint.pod_name]);
  return networkDetails(event);
}

function networkDetails(event: AgentEvent): string {
  const cache = event.ipcache_update;
  if (cache !== undefined) {
    return pieces(['cidr', cache.cidr ?? ''], ['identity', cache.identity ?? 0], ['old identity', cache.old_identity?.value], ['host ip', cache.host_ip],
      ['old host ip', cache.old_host_ip], ['encrypt key', cache.encrypt_key ?? 0]);
  }
  const service = event.service_upsert;
  if (service !== undefined) {
    const address = ({ ip = '', port = 0 }: { ip?: string | undefined; port?: number | undefined }): string => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
    return pieces(['id', service.id ?? 0], ['frontend', service.frontend_address === undefined ? undefined : address(service.frontend_address)],
      ['backends', service.backend_addresses === undefined ? undefined : listText(service.backend_addresses.map(address))],
      ['type', service.type], ['traffic policy', service.traffic_policy], ['namespace', service.namespace], ['name', service.name]);
  }
  return event.service_delete === undefined ? 'UNKNOWN' : pieces(['id', event.service_delete.id ?? 0]);
}

function debugTexts(event: DebugEvent): { type: string; from: string; mark: string; cpu: string; message: string } {
  return {
    type: enumName(DebugEventTypeEnum, event.type),
    from: debugSource(event.source),
    mark: event.hash === undefined ? 'N/A' : `0x${(event.hash.value ?? 0).toString(16)}`,
    cpu: event.cpu === undefined ? 'N/A' : String(event.cpu.value ?? 0).padStart(2, '0'),
    message: safe(event.message ?? ''),
  };
}

function debugSource(source: Endpoint | undefined): string {
  if (source === undefined) return 'N/A';
  const name = (source.pod_name ?? '') === '' ? reservedLabel(source.labels ?? []) : `${source.namespace ?? ''}/${source.pod_name ?? ''}`;
  const id = `ID: ${source.ID ?? 0}`;
  return name === '' ? id : safe(`${name} (${id})`);
}

function reservedLabel(labels: readonly string[]): string {
  const [only = ''] = labels;
  return labels.length === 1 && only.startsWith('reserved:') ? only : '';
}
