// one table: each field of a FlowFilter and the flag of `hubble observe` that asks for it
import { enumNames } from '../wire/codec.ts';
import { DropReasonEnum, type FlowFilter, FlowFilterCodec, TrafficDirectionEnum, VerdictEnum } from '../wire/gen/flow.ts';
import { toJson } from '../wire/json.ts';
import { eventKindNames, tcpFlagBits } from './words.ts';

/** A flag and its value, not quoted. */
export interface FlagWord {
  flag: string;
  value: string;
}

type Field = Exclude<keyof FlowFilter, '$unknown'>;
type Words = (filter: FlowFilter) => (FlagWord | undefined)[];

/**
 * A filter as flags of `hubble observe`; undefined where it has a field or a value that no flag asks for. Parsed again,
 * the flags give the same filter.
 */
export function filterFlagWords(filter: FlowFilter): FlagWord[] | undefined {
  const words: FlagWord[] = [];
  const fields = Object.entries(filter).filter(([, value]) => Array.isArray(value) && value.length > 0).map(([name]) => name);
  if (filter.experimental !== undefined || fields.some((name) => !FIELDS.some(([field]) => field === name))) return undefined;
  for (const [field, wordsOf] of FIELDS) {
    if (!fields.includes(field)) continue;
    for (const word of wordsOf(filter)) {
      if (word === undefined || !isPrintable(word.value)) return undefined;
      words.push(word);
    }
  }
  return words;
}

/** A filter as JSON in printable ASCII, for `--allowlist` and `--denylist`: a pasted escape sequence is one too many. */
export function filterJson(filter: FlowFilter): string {
  return toJson(FlowFilterCodec, filter).replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function texts(flag: string, field: 'node_name' | 'protocol' | 'source_port' | 'destination_port' | 'source_label' | 'destination_label' | 'source_ip' | 'destination_ip'
  | 'source_fqdn' | 'destination_fqdn' | 'http_status_code' | 'http_method' | 'http_path' | 'http_url'): [Field, Words] {
  return [field, (filter) => (filter[field] ?? []).map((value) => ({ flag, value }))];
}

function numbers(flag: string, field: 'verdict' | 'drop_reason_desc' | 'traffic_direction', names: ReadonlyMap<number, string>): [Field, Words] {
  return [field, (filter) => (filter[field] ?? []).map((number) => {
    const value = names.get(number);
    return value === undefined ? undefined : { flag, value };
  })];
}

// `shop/` is a namespace; beside pods it would be put in front of their names
function pods(side: 'from' | 'to', field: 'source_pod' | 'destination_pod'): [Field, Words] {
  return [field, (filter) => {
    const values = filter[field] ?? [];
    const areNamespaces = values.every((value) => /^[^/]+\/$/.test(value));
    return values.map((value) => (areNamespaces ? { flag: `--${side}-namespace`, value: value.slice(0, -1) } : { flag: `--${side}-pod`, value }));
  }];
}

function workloads(flag: string, field: 'source_workload' | 'destination_workload'): [Field, Words] {
  return [field, (filter) => (filter[field] ?? []).map(({ name = '', kind = '' }) => {
    // the flag reads a slash as the end of the kind
    if (name.includes('/') && kind === '') return undefined;
    return { flag, value: kind === '' ? name : `${kind}/${name}` };
  })];
}

function eventTypes(filter: FlowFilter): (FlagWord | undefined)[] {
  const names = new Map([...eventKindNames].map(([name, number]) => [number, name]));
  return (filter.event_type ?? []).map(({ type = 0, match_sub_type: hasSub, sub_type: sub = 0 }) => (
    { flag: '--type', value: `${names.get(type) ?? type}${hasSub === true ? `:${sub}` : ''}` }));
}

function tcpFlags(filter: FlowFilter): (FlagWord | undefined)[] {
  return (filter.tcp_flags ?? []).map((flags) => {
    const value = tcpFlagBits.filter(({ name }) => flags[name] === true).map(({ name }) => name).join(',');
    return value === '' ? undefined : { flag: '--tcp-flags', value };
  });
}

/** In the order a person would type them. */
const FIELDS: readonly [Field, Words][] = [
  numbers('--verdict', 'verdict', enumNames(VerdictEnum)),
  numbers('--drop-reason-desc', 'drop_reason_desc', enumNames(DropReasonEnum)),
  ['event_type', eventTypes],
  pods('from', 'source_pod'),
  workloads('--from-workload', 'source_workload'),
  texts('--from-label', 'source_label'),
  texts('--from-ip', 'source_ip'),
  texts('--from-fqdn', 'source_fqdn'),
  texts('--from-port', 'source_port'),
  pods('to', 'destination_pod'),
  workloads('--to-workload', 'destination_workload'),
  texts('--to-label', 'destination_label'),
  texts('--to-ip', 'destination_ip'),
  texts('--to-fqdn', 'destination_fqdn'),
  texts('--to-port', 'destination_port'),
  texts('--protocol', 'protocol'),
  ['tcp_flags', tcpFlags],
  numbers('--traffic-direction', 'traffic_direction', enumNames(TrafficDirectionEnum)),
  texts('--http-status', 'http_status_code'),
  texts('--http-method', 'http_method'),
  texts('--http-path', 'http_path'),
  texts('--http-url', 'http_url'),
  texts('--node-name', 'node_name'),
];
