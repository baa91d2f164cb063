import { describe, expect, test } from 'vitest';
import { ReplaySteps, sayOpened, stepMessages, type ReplayStep } from '../../../src/app/replay-steps.ts';
import type { RecordedMessage } from '../../../src/client/recording-reader.ts';
import { RecordedLineReader } from '../../../src/wire/recorded-line.ts';
import { forEachMessage } from '../../../src/wire/frame-splitter.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { timestampMs } from '../../../src/model/time.ts';

const BASE = Date.UTC(2026, 2, 4, 9, 15);
const reader = new RecordedLineReader();
const iso = (ms: number): string => new Date(BASE + ms).toISOString();

function line(text: string): RecordedMessage {
  const read = reader.read(text);
  if (read.kind === 'other' || read.kind === 'bad') throw new Error(`no message: ${text}`);
  return read;
}

const flowAt = (ms: number): RecordedMessage => line(`{"flow":{"time":"${iso(ms)}","uuid":"${ms}","verdict":"FORWARDED"}}`);
const reportAt = (ms: number): RecordedMessage => line(`{"hubtop_telemetry":{"time":"${iso(ms)}"}}`);
const statusAt = (ms: number, state: string, names: string): RecordedMessage => line(`{"node_status":{"state_change":"${state}","node_names":[${names}],"message":"m"},"time":"${iso(ms)}"}`);

function stepsOf(messages: readonly RecordedMessage[]): { steps: ReplayStep[]; untimed: number } {
  const steps: ReplayStep[] = [];
  const builder = new ReplaySteps(BASE, (step) => { steps.push(step); });
  for (const message of messages) builder.add(message);
  builder.end();
  return { steps, untimed: builder.untimed };
}

/** Steps as `time: what happens`; idle ones as `time:`. */
function told(messages: readonly RecordedMessage[]): string[] {
  return stepsOf(messages).steps.map((step) => {
    const words = stepMessages(step, (frames) => frames).map((message) => {
      if (message.type === 'flows') return flowTimes(message.bytes).join('+');
      if (message.type === 'connection') return message.state;
      return message.type === 'node-status' ? `${message.node} ${message.state}` : message.type;
    });
    return `${step.atMs - BASE}: ${words.join(', ')}`.trim();
  });
}

function flowTimes(bytes: Uint8Array): number[] {
  const times: number[] = [];
  forEachMessage(bytes, (start, end) => {
    const { flow, time } = GetFlowsResponseCodec.decode(bytes.subarray(start, end));
    times.push(timestampMs(flow?.time ?? time) - BASE);
  });
  return times;
}

describe('ReplaySteps', () => {
  test.each<[string, RecordedMessage[], string[]]>([
    ['joins what is nearly at once', [flowAt(0), flowAt(60), flowAt(99), flowAt(150)], ['99: 0+60+99', '150: 150']],
    ['never goes back', [flowAt(50), flowAt(10), flowAt(200), flowAt(120)], ['50: 50+10', '200: 200+120']],
    ['lets the clock go on while nothing happens', [flowAt(0), flowAt(3_200)], ['0: 0', '1000:', '2000:', '3000:', '3200: 3200']],
    ['keeps the order of reports, states and flows', [flowAt(0), reportAt(20), flowAt(30), statusAt(40, 'NODE_ERROR', '"a","b"'), flowAt(45)], ['45: 0, telemetry, 30, a NODE_ERROR, b NODE_ERROR, 45']],
    ['tells a broken connection of the recorder', [statusAt(0, 'NODE_UNAVAILABLE', ''), statusAt(900, 'NODE_CONNECTED', '')], ['0: lost, flows-state', '900: connecting, live, flows-state']],
    ['tells what an agent says was changed', [flowAt(0), line(`{"agent_event":{"type":"AGENT_STARTED"},"node_name":"n","time":"${iso(50)}"}`)], ['50: 0, change']],
    ['does not believe one time that is hours ahead', [flowAt(0), flowAt(9e7), flowAt(300)], ['0: 0+90000000', '300: 300']],
    ['holds flows of a clock that is ahead to the reports', [reportAt(0), flowAt(60_000), reportAt(1000)], ['0: telemetry', '1000:', '1500: 60000, telemetry']],
    ['takes states at their time, whatever the last report says', [reportAt(0), statusAt(2_000, 'NODE_UNAVAILABLE', ''), statusAt(4_500, 'NODE_CONNECTED', '')], ['0: telemetry', '1000:', '2000: lost, flows-state', '3000:', '4000:', '4500: connecting, live, flows-state']],
  ])('%s', (_what, messages, expected) => {
    expect(told(messages)).toEqual(expected);
  });

  test('jumps over hours of nothing once several lines agree', () => {
    const steps = told([flowAt(0), ...[0, 1, 2, 3].map((ms) => flowAt(9e7 + ms))]);
    expect(steps[0]).toBe('0: 0+90000000+90000001');
    expect(steps.at(-1)).toBe('90000003: 90000002+90000003');
    expect(steps.length).toBeLessThanOrEqual(3_602);
  });

  test('gives a flow without a time that of the line before, and counts it', () => {
    const aggregate = line('{"flow":{"verdict":"DROPPED","aggregate":{"egress_flow_count":3}}}');
    expect(told([flowAt(500), aggregate])).toEqual(['500: 500+500']);
    expect(stepsOf([flowAt(500), aggregate]).untimed).toBe(1);
  });
});

test('sayOpened() is what a live server says first, and covers no time before the file', () => {
  const words: string[] = [];
  sayOpened({ startMs: BASE, hasTelemetry: false }, (message) => { words.push(message.type === 'tick' ? `tick ${message.nowMs - BASE}` : message.type); });
  expect(words).toEqual(['tick -2000', 'connection', 'flows-state', 'tick 0', 'telemetry-absent']);
});
