import { type FlowFilter, FlowFilterCodec } from '../wire/gen/flow.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';
import { fromJson, toJson } from '../wire/json.ts';
import { type CommandContext, UsageError } from './command.ts';
import { type FilterLists, filtersFromFlags } from './filter-flags.ts';
import type { Flag, FlagValues } from './flags.ts';
import { splitJsonObjects } from './json-objects.ts';
import type { OutputChoice } from './output-flags.ts';
import { readSelection } from './selection-flags.ts';

/** Filters as a server reads them. */
export const rawFilterFlags: readonly Flag[] = [
  { name: 'allowlist', kind: 'list', value: 'JSON', group: 'Raw filters', help: 'FlowFilter as JSON, several allowed; joins the filters above' },
  { name: 'denylist', kind: 'list', value: 'JSON', group: 'Raw filters', help: 'the same, for what to leave out' },
];

/** Flags of the request that are neither filters nor selection. */
export const requestFlags: readonly Flag[] = [
  ...rawFilterFlags,
  { name: 'print-raw-filters', kind: 'bool', group: 'Raw filters', help: 'print the filters and exit' },
  { name: 'input-file', kind: 'text', value: 'FILE', group: 'Selection', help: 'flows from a file of JSON lines instead of a server; - is stdin' },
  { name: 'field-mask', kind: 'list', value: 'PATHS', group: 'Output', help: 'only these fields, with json' },
  { name: 'use-default-field-masks', kind: 'bool', group: 'Output', help: 'ask only for what the text formats print; whole flows cost the servers less (default false)' },
];

/** What the text formats print, as hubble 1.19.4 asks for it, and the fields whose lack is its known bug. */
const defaultMask: readonly string[] = [
  'time', 'verdict', 'ethernet', 'IP', 'l4', 'source.identity', 'source.namespace', 'source.pod_name', 'destination.identity',
  'destination.namespace', 'destination.pod_name', 'Type', 'node_name', 'l7', 'event_type', 'source_service', 'destination_service',
  'is_reply', 'Summary', 'ip_trace_id', 'traffic_direction', 'policy_match_type', 'sock_xlate_point', 'debug_capture_point', 'auth_type',
  'source_names', 'destination_names', 'egress_allowed_by', 'ingress_allowed_by', 'egress_denied_by', 'ingress_denied_by',
];

/** The filters of flags, --allowlist, --denylist and their variables. */
export function readFilters(values: FlagValues, env: CommandContext['env']): FilterLists {
  const { whitelist, blacklist } = filtersFromFlags(values.given);
  return {
    whitelist: [...whitelist, ...rawFilters(values, env, 'allowlist')],
    blacklist: [...blacklist, ...rawFilters(values, env, 'denylist')],
  };
}

function rawFilters(values: FlagValues, env: CommandContext['env'], name: 'allowlist' | 'denylist'): FlowFilter[] {
  const given = values.list(name);
  const texts = given.length > 0 ? given : (env[`HUBBLE_${name.toUpperCase()}`] ?? '').split(/\s+/);
  return texts.flatMap((text) => {
    const objects = splitJsonObjects(text);
    if (objects === undefined) throw new UsageError(`invalid --${name} flag: failed to decode '${text}': not a row of JSON objects`);
    return objects.map((object) => {
      const result = fromJson(FlowFilterCodec, object);
      if (!result.ok) throw new UsageError(`invalid --${name} flag: failed to decode '${object}': ${result.error}`);
      return result.value;
    });
  });
}

/** The whole GetFlows request of a command line. */
export function readFlowsRequest(values: FlagValues, context: CommandContext, options: { nowNs: bigint; output: OutputChoice }): GetFlowsRequest {
  const { whitelist, blacklist } = readFilters(values, context.env);
  const mask = readMask(values, options.output);
  return {
    ...readSelection(values, { nowNs: options.nowNs, isFromFile: (values.text('input-file') ?? '') !== '', isEvents: false }),
    ...(whitelist.length === 0 ? {} : { whitelist }),
    ...(blacklist.length === 0 ? {} : { blacklist }),
    ...(mask.length === 0 ? {} : { field_mask: { paths: mask } }),
  };
}

function readMask(values: FlagValues, output: OutputChoice): string[] {
  const paths = values.list('field-mask').flatMap((text) => text.split(',')).filter((path) => path !== '');
  if (paths.length > 0 && output.format !== 'json') throw new UsageError(`${output.formatName} output format is not compatible with custom field mask`);
  if (output.format === 'json') return paths;
  // hubble's default is true; a mask makes a server decode and copy every flow, and prints the same lines
  return values.bool('use-default-field-masks') ? [...defaultMask] : [];
}

/** `--print-raw-filters`: the lists as YAML of JSON texts. */
export function describeFilters({ whitelist, blacklist }: FilterLists): string {
  const list = (name: string, filters: readonly FlowFilter[]): string =>
    filters.length === 0 ? '' : `${name}:\n${filters.map((filter) => `    - '${toJson(FlowFilterCodec, filter).replaceAll("'", "''")}'\n`).join('')}`;
  return list('allowlist', whitelist) + list('denylist', blacklist);
}
