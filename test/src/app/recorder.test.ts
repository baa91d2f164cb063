import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Recorder } from '../../../src/app/recorder.ts';
import type { DashboardSource, SourceMessage } from '../../../src/app/session.ts';
import { readRecording, type RecordedMessage } from '../../../src/client/recording-reader.ts';
import { update } from '../../../src/control/update.ts';
import type { Recording } from '../../../src/model/recording.ts';
import { wantsAllFlows } from '../../../src/model/requests.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { busyScene, secondOfFlows, START_MS } from '../views/scenes.ts';
import { reportOf } from './fake-cluster.ts';

const before = process.cwd();
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubtop-recorder-'));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

class FakeSource implements DashboardSource {
  readonly server = 'fake';
  say: (message: SourceMessage) => void = () => {};
  subscribe(listener: (message: SourceMessage) => void): () => void {
    this.say = listener;
    return () => { this.say = () => {}; };
  }
  setFlowsRequest(): void {}
  close(): void {}
}

async function messagesOf(path: string): Promise<RecordedMessage[]> {
  const all: RecordedMessage[] = [];
  for await (const batch of readRecording(path, { say: (words) => { throw new Error(words); } })) all.push(...batch);
  return all;
}

describe('Recorder', () => {
  test('writes what the source says to a new file, and says where', async () => {
    const source = new FakeSource();
    const told: (Recording | undefined)[] = [];
    const words: string[] = [];
    const make = (): Recorder => new Recorder({ source, isLive: true, nowMs: () => START_MS, onState: (recording, text) => {
      told.push(recording);
      if (text !== undefined) words.push(text);
    } });
    const recorder = make();
    await recorder.start();
    source.say({ type: 'telemetry', report: reportOf(0, START_MS) });
    source.say({ type: 'flows', bytes: secondOfFlows(0, START_MS) });
    recorder.flush();
    const flows = told.at(-1)?.flows ?? 0;
    expect(flows).toBeGreaterThan(3);
    expect(await messagesOf('hubtop-20260301-120000.jsonl.gz')).toHaveLength(flows + 1);
    source.say({ type: 'connection', state: 'lost', error: 'gone' });
    recorder.stop();
    source.say({ type: 'telemetry', report: reportOf(1, START_MS) });
    recorder.stop();
    expect(await messagesOf('hubtop-20260301-120000.jsonl.gz')).toHaveLength(flows + 2);
    expect(words).toEqual(['recording to hubtop-20260301-120000.jsonl.gz: S ends it', `${flows} flows are in hubtop-20260301-120000.jsonl.gz: hubtop replay hubtop-20260301-120000.jsonl.gz`]);
    expect(told.at(-1)).toBeUndefined();
    const second = make();
    await second.start();
    second.stop();
    expect(readdirSync('.')).toEqual(['hubtop-20260301-120000-2.jsonl.gz', 'hubtop-20260301-120000.jsonl.gz']);
  });

  test('ends with the reason where it cannot write', async () => {
    const words: string[] = [];
    rmSync(folder, { recursive: true });
    const recorder = new Recorder({ source: new FakeSource(), isLive: true, nowMs: () => START_MS, onState: (_recording, text) => { words.push(text ?? ''); } });
    await recorder.start();
    recorder.stop();
    expect(words).toHaveLength(1);
    expect(words[0]).toMatch(/^recording ended: cannot create hubtop-\S+: ENOENT/);
  });
});

describe('a dashboard that records', () => {
  let state: State;
  beforeEach(() => {
    state = busyScene();
    update(state, { type: 'action', action: 'record' });
    expect(state.effects.splice(0)).toEqual([{ type: 'record', isOn: true }]);
    update(state, { type: 'recording', recording: { file: 'a.jsonl.gz', sinceMs: START_MS, flows: 1234 } });
  });
  const act = (...actions: ('quit' | 'quit-keep' | 'record' | 'down')[]): void => { for (const action of actions) update(state, { type: 'action', action }); };

  test('asks for every flow, and says in its first line that it records', () => {
    expect(wantsAllFlows(state)).toBe(true);
    expect(lineText(frame(state, { cols: 80, rows: 24 })[0] ?? { spans: [] })).toContain('REC 1.2k');
    act('record');
    expect(state.effects).toEqual([{ type: 'record', isOn: false }]);
  });

  test.each(['quit', 'quit-keep'] as const)('%s asks once, and another key takes it back', (quit) => {
    act(quit);
    expect([state.wantsQuit, state.status.text]).toEqual([false, expect.stringContaining('still recording to a.jsonl.gz') as string]);
    act('down', quit);
    expect(state.wantsQuit).toBe(false);
    act(quit);
    expect(state.wantsQuit).toBe(true);
  });
});
