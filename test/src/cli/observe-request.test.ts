import { expect, test } from 'vitest';
import { splitJsonObjects } from '../../../src/cli/json-objects.ts';
import { FlagValues, parseFlags } from '../../../src/cli/flags.ts';
import { observe } from '../../../src/cli/observe.ts';
import { describeFilters, readFilters, readFlowsRequest } from '../../../src/cli/observe-request.ts';
import { readOutput } from '../../../src/cli/output-flags.ts';
import { readSelection } from '../../../src/cli/selection-flags.ts';
import { GetFlowsRequestCodec } from '../../../src/wire/gen/observer.ts';
import { toJson } from '../../../src/wire/json.ts';
import { fakeContext } from './fake-context.ts';

const nowNs = 1_772_615_702_000_000_000n;

function values(line: string): FlagValues {
  const result = parseFlags(observe.flags, line === '' ? [] : line.split(' '));
  if (!result.ok) throw new Error(result.error);
  return new FlagValues(result.parsed.given);
}

function request(line: string, env = {}): string {
  const context = fakeContext(env);
  const given = values(line);
  return toJson(GetFlowsRequestCodec, readFlowsRequest(given, context, { nowNs, output: readOutput(given, context, false) }));
}

test.each([
  ['-o json', '{"number":"20"}'],
  ['-o json --last 5', '{"number":"5"}'],
  ['-o json --first 5', '{"number":"5","first":true}'],
  ['-o json --all', '{"number":"18446744073709551615"}'],
  ['-o json -f', '{"follow":true}'],
  ['-o json -f --last 3', '{"number":"3","follow":true}'],
  ['-o json --since 90s', '{"since":"2026-03-04T09:13:32Z"}'],
  ['-o json --until 2026-03-04T09:00:00Z', '{"until":"2026-03-04T09:00:00Z"}'],
  ['-o json -f --until 2026-03-04T09:00:00Z', '{"follow":true}'],
  ['-o json --since 1h --first 2', '{"number":"2","first":true,"since":"2026-03-04T08:15:02Z"}'],
  ['-o json --input-file -', '{}'],
  ['-o json --field-mask time,source.pod_name', '{"number":"20","field_mask":"time,source.podName"}'],
  ['--verdict DROPPED', '{"number":"20","whitelist":[{"verdict":["DROPPED"]}]}'],
])('readFlowsRequest() %s', (line, expected) => {
  expect(request(line)).toBe(expected);
});

test('readFlowsRequest() can ask for the text formats\' fields only, traffic_direction among them', () => {
  expect(request('--use-default-field-masks')).toMatch(/"field_mask":"time,verdict,.*trafficDirection/);
});

test('readFlowsRequest() takes raw filters from flags, and from the environment when there are none', () => {
  const two = '{"verdict":["DROPPED"]}{"source_pod":["a/"]}';
  expect(request(`-o json --allowlist ${two} --pod b`)).toBe('{"number":"20","whitelist":[{"source_pod":["b"]},{"destination_pod":["b"]},{"verdict":["DROPPED"]},{"source_pod":["a/"]}]}');
  expect(request('-o json', { HUBBLE_DENYLIST: '{"reply":[true]}' })).toBe('{"number":"20","blacklist":[{"reply":[true]}]}');
  expect(() => request('--allowlist {"nope":1}')).toThrow(/invalid --allowlist flag: failed to decode '\{"nope":1\}'/);
});

test.each([
  ['--first 1 --last 1', 'cannot set both --first and --last'],
  ['--first 1 --all', 'cannot set both --first and --all'],
  ['--first 1 -f', 'cannot set both --first and --follow'],
  ['--last 1 --all', 'cannot set both --last and --all'],
  ['--since yesterday', 'failed to parse the since time: failed to convert yesterday to time'],
  ['-o xml', 'invalid output format: xml'],
  ['-o table -f', 'table output format is not compatible with follow mode'],
  ['--field-mask time', 'compact output format is not compatible with custom field mask'],
  ['--color sometimes', 'invalid color mode: sometimes'],
])('readFlowsRequest() refuses %s', (line, error) => {
  expect(() => request(line)).toThrow(error);
});

test('readSelection() for events: 20 even when following, --first ignored', () => {
  expect(readSelection(values('-f'), { nowNs, isFromFile: false, isEvents: true })).toEqual({ follow: true, number: 20n });
  expect(readSelection(values('--first 3'), { nowNs, isFromFile: false, isEvents: true })).toEqual({ number: 20n });
});

test('describeFilters() prints the lists as hubble does', () => {
  expect(describeFilters(readFilters(values('--pod a --not --verdict DROPPED'), {}))).toBe([
    'allowlist:', "    - '{\"source_pod\":[\"a\"]}'", "    - '{\"destination_pod\":[\"a\"]}'", 'denylist:', "    - '{\"verdict\":[\"DROPPED\"]}'", '',
  ].join('\n'));
});

test.each<[string, string[] | undefined]>([
  ['', []], [' {} ', ['{}']], ['{"a":"}"} {"b":{"c":1}}', ['{"a":"}"}', '{"b":{"c":1}}']], ['{"a":"\\"}"}', ['{"a":"\\"}"}']],
  ['{', undefined], ['}', undefined], ['x', undefined], ['{} x', undefined], ['{"a', undefined],
])('splitJsonObjects(%j)', (text, expected) => {
  expect(splitJsonObjects(text)).toEqual(expected);
});

test.each([
  ['', {}, false, false],
  ['', {}, true, true],
  ['', { NO_COLOR: '1' }, true, false],
  ['', { TERM: 'dumb' }, true, false],
  ['--color always', {}, false, true],
  ['--color never', {}, true, false],
  ['--color always -o table', {}, true, false],
])('readOutput() %s env %j terminal %s: colour %s', (line, env, stdoutIsTty, expected) => {
  expect(readOutput(values(line), { ...fakeContext(env), stdoutIsTty }, false).text.colour).toBe(expected);
});
