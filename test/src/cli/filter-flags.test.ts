import { expect, test } from 'vitest';
import { filterFlags } from '../../../src/cli/filter-flag-table.ts';
import { filtersFromFlags } from '../../../src/cli/filter-flags.ts';
import { parseFlags } from '../../../src/cli/flags.ts';
import { FlowFilterCodec } from '../../../src/wire/gen/flow.ts';
import { toJson } from '../../../src/wire/json.ts';

function filters(line: string): { allow: string[]; deny: string[] } {
  const result = parseFlags(filterFlags, line === '' ? [] : line.split(' '));
  if (!result.ok) throw new Error(result.error);
  const { whitelist, blacklist } = filtersFromFlags(result.parsed.given);
  const json = (list: typeof whitelist): string[] => list.map((filter) => toJson(FlowFilterCodec, filter));
  return { allow: json(whitelist), deny: json(blacklist) };
}

test.each<[string, string[], string[]?]>([
  ['', []],
  ['--pod web', ['{"source_pod":["web"]}', '{"destination_pod":["web"]}']],
  ['--from-pod web --to-pod shop/api', ['{"source_pod":["web"],"destination_pod":["shop/api"]}']],
  ['--pod a --label b', ['{"source_pod":["a"],"source_label":["b"]}', '{"destination_pod":["a"],"destination_label":["b"]}']],
  ['--pod a --pod b', ['{"source_pod":["a","b"]}', '{"destination_pod":["a","b"]}']],
  ['--verdict DROPPED --verdict ERROR', ['{"verdict":["DROPPED","ERROR"]}']],
  ['-n web', ['{"source_pod":["web/"]}', '{"destination_pod":["web/"]}']],
  ['-n web --pod api', ['{"source_pod":["web/api"]}', '{"destination_pod":["web/api"]}']],
  ['-n a -n b --pod x', ['{"source_pod":["a/x","b/x"]}', '{"destination_pod":["a/x","b/x"]}']],
  ['-A', ['{"source_pod":["/"]}', '{"destination_pod":["/"]}']],
  ['-A --pod api', ['{"source_pod":["/api"]}', '{"destination_pod":["/api"]}']],
  ['--from-namespace web', ['{"source_pod":["web/"]}']],
  ['--to-namespace web --to-pod api', ['{"destination_pod":["web/api"]}']],
  ['-n web --service api', ['{"source_service":["web/api"]}', '{"destination_service":["web/api"]}']],
  ['-n web --pod web/api', ['{"source_pod":["web/api"]}', '{"destination_pod":["web/api"]}']],
  ['--from-identity host --from-identity 0x10', ['{"source_identity":[1,16]}']],
  ['--ip 10.0.0.0/8', ['{"source_ip":["10.0.0.0/8"]}', '{"destination_ip":["10.0.0.0/8"]}']],
  ['-4', ['{"ip_version":["IPv4"]}']],
  ['--ip-version none', ['{"ip_version":["IP_NOT_USED"]}']],
  ['--tcp-flags syn,ACK --tcp-flags RST', ['{"tcp_flags":[{"SYN":true,"ACK":true},{"RST":true}]}']],
  ['-t trace', ['{"event_type":[{"type":4}]}']],
  ['-t trace:to-endpoint', ['{"event_type":[{"type":4,"match_sub_type":true}]}']],
  ['--type drop:133 --type l7', ['{"event_type":[{"type":1,"match_sub_type":true,"sub_type":133},{"type":129}]}']],
  ['--workload Deployment/web', ['{"source_workload":[{"name":"web","kind":"Deployment"}]}', '{"destination_workload":[{"name":"web","kind":"Deployment"}]}']],
  ['--traffic-direction Egress', ['{"traffic_direction":["EGRESS"]}']],
  ['--http-header a:b:c', ['{"http_header":[{"key":"a","value":"b:c"}]}']],
  ['--encrypted', ['{"encrypted":[true]}']],
  ['--drop-reason-desc POLICY_DENIED', ['{"drop_reason_desc":["POLICY_DENIED"]}']],
  ['--ip-trace-id 7', ['{"ip_trace_id":["7"]}']],
  ['--cel-expression true', ['{"experimental":{"cel_expression":["true"]}}']],
  ['--not --verdict DROPPED --port 80', ['{"source_port":["80"]}', '{"destination_port":["80"]}'], ['{"verdict":["DROPPED"]}']],
  ['--not --to-port 80 --not --from-ip 10.0.0.1', [], ['{"source_ip":["10.0.0.1"],"destination_port":["80"]}']],
  ['--not --pod a --pod b', ['{"source_pod":["b"]}', '{"destination_pod":["b"]}'], ['{"source_pod":["a"]}', '{"destination_pod":["a"]}']],
])('filtersFromFlags() %s', (line, allow, deny = []) => {
  expect(filters(line)).toEqual({ allow, deny });
});

test.each([
  ['--not --not --pod a', 'consecutive --not statements'],
  ['--pod a --not', 'trailing --not found in the arguments'],
  ['--pod a --from-pod b', 'filters --pod and --from-pod cannot be combined'],
  ['--identity host --to-identity 0x10', 'filters --identity and --to-identity cannot be combined'],
  ['--encrypted --unencrypted', 'filters --encrypted and --unencrypted cannot be combined'],
  ['-n a --ip 10.0.0.1', 'filters --namespace and --ip cannot be combined'],
  ['-n a --pod b/c', 'namespace conflict: "a" does not contain "b"'],
  ['--verdict dropped', 'invalid --verdict value: dropped'],
  ['--verdict toString', 'invalid --verdict value: toString'],
  ['--tcp-flags SIN', 'unknown tcp flag: SIN'],
  ['-t nope', "unable to parse type 'nope', not a known type name and unable to parse as numeric value: invalid syntax"],
  ['--traffic-direction up', 'up: invalid traffic direction, expected ingress or egress'],
  ['--identity nobody', 'invalid security identity, expected one of [host world unmanaged health init remote-node kube-apiserver ingress world-ipv4 world-ipv6 overlay-to-encrypt] or a numeric value'],
])('filtersFromFlags() refuses %s', (line, error) => {
  expect(() => filters(line)).toThrow(error);
});

test('a flag under --not does not clash with the same group outside', () => {
  expect(filters('--pod a --not --from-pod b').deny).toEqual(['{"source_pod":["b"]}']);
});
