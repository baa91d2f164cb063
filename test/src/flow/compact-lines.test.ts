import { expect, test } from 'vitest';
import { CompactLines } from '../../../src/flow/compact-lines.ts';
import { FlowPrinter } from '../../../src/flow/flow-printer.ts';
import { makeTimeFormatter } from '../../../src/flow/time-format.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { type GetFlowsResponse, GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';

const options = { formatTime: makeTimeFormatter('StampMilli'), showNode: false, showPolicyNames: false, translatesIps: true, colour: false, showsAllStatus: false };

/** A small generator of numbers, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function randomFlow(random: () => number): Flow {
  const pick = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const ports = { source_port: pick(0, 80, 40_000), destination_port: pick(0, 53, 443) };
  const endpoint = (): Flow['source'] => pick<Flow['source']>(undefined, {}, { identity: pick(0, 1, 2, 10, 11, 256) }, { identity: 20_111, namespace: pick('shop', ''), pod_name: pick('web-1', 'api\u001b[31m', '') });
  return {
    time: { seconds: pick(0n, 1_772_615_702n, 1_772_615_703n), nanos: pick(0, 118_274_301, 999_999_999) },
    verdict: pick(0, 1, 2, 3, 4, 6, 99), source: endpoint(), destination: endpoint(),
    IP: pick<Flow['IP']>(undefined, { source: '10.1.0.7', destination: 'fd00::1' }, { source: pick('', 'x', '10.0.0.1'), destination: '10.1.2.9' }),
    l4: pick<Flow['l4']>(undefined, { TCP: ports }, { UDP: ports }, { SCTP: ports }, { ICMPv4: { type: 8 } }),
    event_type: pick<Flow['event_type']>(undefined, { type: 4, sub_type: pick(0, 3, 5, 77) }, { type: 1, sub_type: pick(133, 255, 159) }, { type: 5 }, { type: 129 }),
    is_reply: pick<Flow['is_reply']>(undefined, { value: true }, {}), Summary: pick('', 'TCP Flags: SYN', 'UDP', 'a\nb'),
    source_service: pick<Flow['source_service']>(undefined, undefined, { name: 'svc', namespace: 'data' }, { namespace: 'only' }),
    destination_names: pick<string[] | undefined>(undefined, undefined, ['a.example', 'b.example']),
    auth_type: pick(0, 0, 0, 1), ip_trace_id: pick<Flow['ip_trace_id']>(undefined, undefined, { trace_id: 7n }), ethernet: { source: '0a:58:0a:01:00:07' },
  };
}

test.each([1, 2, 3])('line() equals FlowPrinter wherever it answers, seed %i', (seed) => {
  const random = randomOf(seed);
  const lines = new CompactLines(options);
  const printer = new FlowPrinter('compact', options);
  let answered = 0;
  for (let round = 0; round < 3000; round += 1) {
    const flow = randomFlow(random);
    const response: GetFlowsResponse = { flow, time: flow.time, node_name: 'node-a' };
    const bytes = GetFlowsResponseCodec.encode(response);
    const line = lines.line(bytes, 0, bytes.length);
    if (line === undefined) continue;
    answered += 1;
    expect(line).toBe(printer.print(GetFlowsResponseCodec.decode(bytes)).out);
  }
  expect(answered).toBeGreaterThan(100);
});

test('line() leaves losses, node states and damaged bytes to others', () => {
  const lines = new CompactLines(options);
  for (const response of [{ lost_events: { num_events_lost: 1n } }, { node_status: { state_change: 1 } }, {}]) {
    const bytes = GetFlowsResponseCodec.encode(response);
    expect(lines.line(bytes, 0, bytes.length)).toBeUndefined();
  }
  expect(lines.line(Uint8Array.of(0x0a, 0x05, 0xff), 0, 3)).toBeUndefined();
});
