import { expect, test } from 'vitest';
import { ResumeWindow } from '../../../src/client/resume-window.ts';
import { forEachMessage, frameOf } from '../../../src/wire/frame-splitter.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';

/** `web@10` is a flow of node web at second 10 of its clock. */
function frames(words: string): Uint8Array {
  const all = words.split(' ').map((word) => {
    const [node = '', second = '0'] = word.split('@');
    return frameOf(GetFlowsResponseCodec.encode({ flow: { time: { seconds: BigInt(second) }, uuid: word, node_name: node }, node_name: node, time: { seconds: BigInt(second) } }));
  });
  return new Uint8Array(Buffer.concat(all));
}

function uuids(bytes: Uint8Array): string {
  const found: string[] = [];
  forEachMessage(bytes, (start, end) => found.push(GetFlowsResponseCodec.decode(bytes.subarray(start, end)).flow?.uuid ?? '?'));
  return found.join(' ');
}

const follow = { follow: true, number: 20n };

test('ResumeWindow asks for everything again when nothing came, and for nothing twice after that', () => {
  const window = new ResumeWindow(() => 0);
  expect(window.resume(follow)).toBe(follow);
  window.admit(frames('a@100 a@101'));
  expect(window.resume(follow)).toEqual({ follow: true, since: { seconds: 100n, nanos: 0 } });
  expect(uuids(window.admit(frames('a@100 a@101 a@102')))).toBe('a@102');
});

test('ResumeWindow loses no flow when the clock of one node is an hour ahead, and repeats none of that node', () => {
  const window = new ResumeWindow(() => 0);
  window.admit(frames('a@1000 fast@4600'));
  window.admit(frames('a@1001 fast@4601'));
  expect(window.resume(follow).since).toEqual({ seconds: 1000n, nanos: 0 });
  expect(uuids(window.admit(frames('fast@1100 fast@4599 fast@4600 a@1000 a@1001 a@1002 fast@4601 fast@4602')))).toBe('a@1002 fast@4602');
});

test('ResumeWindow repeats no flow of others when the clock of one node is an hour behind', () => {
  const window = new ResumeWindow(() => 0);
  window.admit(frames('a@4600 b@4600 slow@1000 slow@1001'));
  expect(window.resume(follow).since).toEqual({ seconds: 1000n, nanos: 0 });
  expect(uuids(window.admit(frames('a@2000 a@4600 slow@1000 silent@2000 slow@1001 a@4601 silent@4602 slow@1002')))).toBe('a@4601 silent@4602 slow@1002');
});

test('ResumeWindow keeps what came in the last seconds only, and goes back to costing nothing', () => {
  let nowMs = 0;
  const window = new ResumeWindow(() => nowMs);
  window.admit(frames('a@100'));
  nowMs = 5_000;
  window.admit(frames('a@105'));
  expect(window.resume(follow).since).toEqual({ seconds: 105n, nanos: 0 });
  const batch = frames('a@108');
  expect(window.admit(batch)).not.toBe(batch);
  expect(window.admit(batch)).toBe(batch);
  window.resume(follow);
  nowMs = 70_000;
  window.admit(frames('b@106'));
  expect(window.admit(batch)).toBe(batch);
});
