import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { readRecording } from '../../../src/client/recording-reader.ts';
import { FRAME_PREFIX_BYTES } from '../../../src/wire/frame-splitter.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { toJson } from '../../../src/wire/json.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-recording-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const flow = '{"flow":{"time":"2026-03-04T09:15:02.5Z","uuid":"u","verdict":"DROPPED","socket_cookie":"90210"},"node_name":"n","time":"2026-03-04T09:15:02.500Z"}';

/** What is in a file: each message as JSON with its time after 09:15:00, and what was said. */
async function read(content: string | Uint8Array, maxLineBytes?: number, takesChanges = false): Promise<{ messages: string[]; said: string[] }> {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  const messages: string[] = [];
  const said: string[] = [];
  const base = Date.UTC(2026, 2, 4, 9, 15);
  for await (const batch of readRecording(path, { say: (words) => { said.push(words.replace(path, 'FILE')); }, maxLineBytes, takesChanges })) {
    for (const message of batch) {
      const text = message.kind === 'change' ? `${message.change.kind} ${message.change.subject} ${message.change.policy?.revision ?? ''}`.trim() : message.kind === 'telemetry' ? `report of ${(message.report.nodes ?? []).length} nodes` : toJson(GetFlowsResponseCodec, GetFlowsResponseCodec.decode(message.frame.subarray(FRAME_PREFIX_BYTES)));
      messages.push(`${message.timeMs === 0 ? '-' : message.timeMs - base} ${text}`);
    }
  }
  return { messages, said };
}

const whole = `2500 ${flow.replace('.500Z', '.500Z').replace('"time":"2026-03-04T09:15:02.5Z"', '"time":"2026-03-04T09:15:02.500Z"')}`;

describe('readRecording()', () => {
  test.each<[string, string, string]>([
    ['a response', flow, whole],
    ['a bare flow', '{"time":"2026-03-04T09:15:01Z","verdict":2,"node_name":"n"}', '1000 {"flow":{"time":"2026-03-04T09:15:01Z","verdict":"DROPPED","node_name":"n"},"node_name":"n","time":"2026-03-04T09:15:01Z"}'],
    ['a bare lost event', '{"source":"HUBBLE_RING_BUFFER","num_events_lost":"512"}', '- {"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"512"}}'],
    ['lost events', '{"lost_events":{"source":3,"num_events_lost":7,"cpu":3},"node_name":"n","time":"2026-03-04T09:15:07.430Z"}', '7430 {"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"7","cpu":3},"node_name":"n","time":"2026-03-04T09:15:07.430Z"}'],
    ['a node status', '{"nodeStatus":{"stateChange":"NODE_ERROR","nodeNames":["c"],"message":"m"},"time":"2026-03-04T11:15:09+02:00"}', '9000 {"node_status":{"state_change":"NODE_ERROR","node_names":["c"],"message":"m"},"time":"2026-03-04T09:15:09Z"}'],
    ['an aggregate of the exporter without a time', '{"flow":{"verdict":"DROPPED","aggregate":{"egress_flow_count":3}}}', '- {"flow":{"verdict":"DROPPED","aggregate":{"egress_flow_count":3}}}'],
    ['telemetry', '{"hubtop_telemetry":{"time":"2026-03-04T09:15:03Z","interval_ns":"1000000000","nodes":[{"name":"a"},{"name":"b"}]}}', '3000 report of 2 nodes'],
  ])('takes %s', async (_what, line, expected) => {
    expect(await read(`${line}\n`)).toEqual({ messages: [expected], said: [] });
  });

  test('skips what is no flow: the first such line is named, and all are counted', async () => {
    const { messages, said } = await read([
      'not json', '', '   ', '[]', '7', 'null', '"flow"', '{}', '{"flow":7}', '{"flow":{"time":"yesterday"}}', '{"flow":{},"lost_events":{}}', '{"flow":{"verdict":{}}}', '{"level":"info","time":"2026-03-04T09:15:01Z"}',
      '{"hubtop_telemetry":[]}', `{"flow":${'['.repeat(50_000)}`, flow,
    ].join('\n'));
    expect(messages).toEqual([whole]);
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/^FILE:1: not a flow in JSON, skipped: not JSON: /);
    expect(said[1]).toBe('FILE: 13 lines of 16 were skipped');
  });

  test('leaves out what a newer server knows, says so once, and counts other events', async () => {
    const { messages, said } = await read(`{"flow":{"uuid":"a","chunk":1,"verdict":"NEWER"}}\n{"flow":{"uuid":"b","chunk":1}}\n{"agent_event":{"type":"AGENT_STARTED"},"time":"2026-03-04T09:15:05Z"}\n{"debug_event":{}}\n`);
    expect(messages).toEqual(['- {"flow":{"uuid":"a"}}', '- {"flow":{"uuid":"b"}}']);
    expect(said).toEqual(['FILE:1: fields or values that are not known here are left out', 'FILE: 2 agent or debug events were left out']);
  });

  test('gives what agents say was changed to those who ask for it', async () => {
    const event = (type: string, more: string): string => `{"agent_event":{"type":"${type}"${more}},"node_name":"n","time":"2026-03-04T09:15:05Z"}`;
    const labels = '"labels":["k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy","k8s:io.cilium.k8s.policy.name=no-redis","k8s:io.cilium.k8s.policy.namespace=shop"]';
    const { messages, said } = await read([
      event('POLICY_UPDATED', `,"policy_update":{${labels},"revision":"12","rule_count":"1"}`), event('POLICY_DELETED', `,"policy_update":{${labels},"revision":"13"}`), event('POLICY_UPDATED', ',"policy_update":{"revision":"14"}'),
      event('AGENT_STARTED', ',"agent_start":{"time":"2026-03-04T09:15:04Z"}'), event('ENDPOINT_CREATED', ',"endpoint_update":{"id":"812","pod_name":"cart-1","namespace":"shop"}'),
      event('ENDPOINT_CREATED', ',"endpoint_update":{"id":"1"}'), event('IPCACHE_UPSERTED', ''), event('POLICY_UPDATED', ',"policy_update":7'),
    ].join('\n'), undefined, true);
    expect(messages).toEqual(['5000 policy-changed shop/no-redis 12', '5000 policy-removed shop/no-redis 13', '5000 policy-changed a policy 14', '4000 agent-started n', '5000 endpoint-added shop/cart-1']);
    expect(said).toHaveLength(2);
    expect(said[1]).toBe('FILE: 2 agent or debug events were left out');
  });

  test('skips a line that is too long and reads the next', async () => {
    const { messages, said } = await read(`{"flow":{"uuid":"${'x'.repeat(2000)}"}}\n${flow}\r\n`, 1000);
    expect(messages).toEqual([whole]);
    expect(said).toEqual(['FILE:1: not a flow in JSON, skipped: longer than 1000 bytes']);
  });

  test('takes a byte order mark, and a last line without an end', async () => {
    expect((await read(`\ufeff${flow}`)).messages).toEqual([whole]);
  });

  test('unpacks gzip, told by its content, of several members too', async () => {
    const packed = Buffer.concat([gzipSync(`${flow}\n`), gzipSync(`${flow}\n`)]);
    expect((await read(packed)).messages).toEqual([whole, whole]);
  });

  test('reads what is there of a gzip file that was cut, and says that the last line is', async () => {
    const noise = Array.from({ length: 200 }, (_, i) => `{"flow":{"uuid":"${Math.sin(i)}"}}\n`).join('');
    const { messages, said } = await read(gzipSync(noise).subarray(0, -200));
    expect(messages.length).toBeGreaterThan(100);
    expect(messages.length).toBeLessThan(200);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('cut short, as by a recorder that was killed');
  });

  test('reads up to the damage of a gzip file that is damaged', async () => {
    const noise = Array.from({ length: 5000 }, (_, i) => `{"flow":{"uuid":"${Math.sin(i)}"}}\n`).join('');
    const packed = gzipSync(noise);
    const { messages, said } = await read(Buffer.concat([packed, packed.subarray(0, 10), Buffer.alloc(50, 255)]));
    expect(messages.length).toBeGreaterThan(2500);
    expect(said[0]).toMatch(/^FILE: damaged after line \d+, the rest cannot be read: /);
  });

  test('says which file it cannot read', async () => {
    await expect(readRecording(join(folder, 'absent'), { say: () => {} }).next()).rejects.toThrow(/^cannot read .*absent: ENOENT/);
  });
});
