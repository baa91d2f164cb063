import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { FileExists, RecordingFile } from '../../../src/client/recording-file.ts';
import { readRecording } from '../../../src/client/recording-reader.ts';
import { RecordingWriter } from '../../../src/client/recording-writer.ts';
import { FRAME_PREFIX_BYTES, frameOf } from '../../../src/wire/frame-splitter.ts';
import { ReportCodec } from '../../../src/wire/gen/hubtop.ts';
import { GetFlowsResponseCodec, type GetFlowsResponse } from '../../../src/wire/gen/observer.ts';
import { randomMessage, seededRandom } from '../wire/random-message.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-writer-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const framed = (...messages: GetFlowsResponse[]): Uint8Array => Buffer.concat(messages.map((message) => frameOf(GetFlowsResponseCodec.encode(message))));
const time = { seconds: 1_772_615_702n, nanos: 5e8 };

async function readBack(path: string): Promise<{ responses: GetFlowsResponse[]; reports: number; said: string[] }> {
  const responses: GetFlowsResponse[] = [];
  const said: string[] = [];
  let reports = 0;
  for await (const batch of readRecording(path, { say: (words) => { said.push(words); } })) {
    for (const message of batch) {
      if (message.kind === 'telemetry') reports++;
      else if (message.kind === 'response') responses.push(GetFlowsResponseCodec.decode(message.frame.subarray(FRAME_PREFIX_BYTES)));
    }
  }
  return { responses, reports, said };
}

describe('RecordingWriter', () => {
  test.each(['a.jsonl', 'a.jsonl.gz'])('what it writes to %s is read as it was, but for extensions', async (name) => {
    const path = join(folder, name);
    const file = new RecordingFile(path, false);
    const writer = new RecordingWriter((bytes) => { file.write(bytes); }, () => 1_772_615_703_250);
    const sent: GetFlowsResponse[] = [];
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const flow = randomMessage(GetFlowsResponseCodec, random).flow ?? {};
      const response = { flow: { ...flow, time }, node_name: `n${seed}`, time };
      writer.take({ type: 'flows', bytes: framed(response) });
      const { extensions: _, ...kept } = response.flow;
      sent.push({ ...response, flow: kept });
      if (seed % 20 === 0) writer.take({ type: 'telemetry', report: randomMessage(ReportCodec, random) });
      if (seed % 50 === 0) writer.flush();
    }
    file.close();
    expect(await readBack(path)).toEqual({ responses: sent, reports: 10, said: [] });
    expect(writer.counts).toMatchObject({ flows: 200, reports: 10, malformed: 0 });
    expect(file.bytes).toBe(readFileSync(path).length);
  });

  test('writes gaps of the connection and lost events as lines, and counts them', () => {
    let text = '';
    const writer = new RecordingWriter((bytes) => { text += Buffer.from(bytes).toString(); }, () => 1_772_615_703_250);
    writer.take({ type: 'connection', state: 'connecting' });
    writer.take({ type: 'connection', state: 'live' });
    writer.take({ type: 'flows', bytes: framed({ lost_events: { source: 3, num_events_lost: 12n }, node_name: 'n', time }) });
    writer.take({ type: 'connection', state: 'lost', error: 'UNAVAILABLE: reset', retryInMs: 1000 });
    writer.take({ type: 'connection', state: 'connecting' });
    writer.take({ type: 'connection', state: 'live' });
    writer.flush();
    expect(text.trimEnd().split('\n')).toEqual([
      '{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"12"},"node_name":"n","time":"2026-03-04T09:15:02.500Z"}',
      '{"node_status":{"state_change":"NODE_UNAVAILABLE","message":"connection lost: UNAVAILABLE: reset"},"time":"2026-03-04T09:15:03.250Z"}',
      '{"node_status":{"state_change":"NODE_CONNECTED","message":"connected again"},"time":"2026-03-04T09:15:03.250Z"}',
    ]);
    expect(writer.counts).toMatchObject({ lostInStream: 12, gaps: 1 });
  });

  test('writes what a stock relay says of its nodes when asked, where it changed', () => {
    let text = '';
    const writer = new RecordingWriter((bytes) => { text += Buffer.from(bytes).toString(); }, () => 1_772_615_703_250);
    for (const state of [1, 1, 2]) writer.take({ type: 'nodes', nodes: [{ name: 'a', state: 1 }, { name: 'b', state }] });
    writer.flush();
    expect(text.trimEnd().split('\n').map((line) => /"state_change":"(\w+)","node_names":\["(\w)"\]/.exec(line)?.slice(1).join(' '))).toEqual(['NODE_CONNECTED a', 'NODE_CONNECTED b', 'NODE_UNAVAILABLE b']);
  });

  test('counts what the ledgers of the nodes lost since the first report', () => {
    const writer = new RecordingWriter(() => {}, () => 0);
    const report = (count: number): void => writer.take({ type: 'telemetry', report: { time, nodes: [{ name: 'n', time, events: [{ kind: 'trace', happened: 10 * count, losses: [{ stage: 'kernel-ring', count }] }] }] } });
    for (const count of [100, 103, 110]) report(count);
    expect(writer.counts.lostOnNodes).toBe(10);
  });

  test('leaves out what is no flow and what cannot be read', () => {
    let bytes = 0;
    const writer = new RecordingWriter((lines) => { bytes += lines.length; }, () => 0);
    writer.take({ type: 'flows', bytes: Buffer.concat([framed({ flow: { uuid: 'a watermark has no time' } }), frameOf(Uint8Array.of(10, 200, 1))]) });
    writer.flush();
    expect([bytes, writer.counts.flows, writer.counts.malformed]).toEqual([0, 0, 1]);
  });
});

describe('RecordingFile', () => {
  test('refuses a file that exists, and touches none before it writes', () => {
    const path = join(folder, 'old');
    writeFileSync(path, 'old');
    expect(() => new RecordingFile(path, false)).toThrow(FileExists);
    const file = new RecordingFile(path, true);
    expect(readFileSync(path, 'utf8')).toBe('old');
    file.write(Buffer.from('new\n'));
    file.close();
    expect(readFileSync(path, 'utf8')).toBe('new\n');
    new RecordingFile(join(folder, 'never'), false).close();
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  test('is whole after every write, packed or not', () => {
    const path = join(folder, 'whole.gz');
    const file = new RecordingFile(path, false);
    let expected = '';
    for (const line of ['a\n', 'b\n', `${'c'.repeat(100_000)}\n`]) {
      file.write(Buffer.from(line));
      expected += line;
      copyFileSync(path, `${path}.copy`);
      expect(gunzipSync(readFileSync(`${path}.copy`)).toString()).toBe(expected);
    }
    file.close();
  });

  test('says what failed on which file', () => {
    expect(() => new RecordingFile(join(folder, 'no', 'such', 'folder'), false).write(Buffer.from('x'))).toThrow(/^cannot create .*folder: ENOENT/);
    expect(() => new RecordingFile('/dev/full', true).write(Buffer.from('x'))).toThrow(/^cannot write \/dev\/full: ENOSPC/);
  });
});
