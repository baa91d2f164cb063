import { expect, test } from 'vitest';
import { FlowCodec, PolicyCodec, type Flow } from '../../../src/wire/gen/flow.ts';
import { forEachPolicy } from '../../../src/wire/policy-scan.ts';

function names(bytes: Uint8Array): string[] {
  const found: string[] = [];
  forEachPolicy(bytes, 0, bytes.length, (start, end) => found.push(PolicyCodec.decode(bytes.subarray(start, end)).name ?? ''));
  return found;
}

const flow: Flow = {
  uuid: 'x', verdict: 2, time: { seconds: 2n ** 40n, nanos: 5 }, source: { labels: ['a'.repeat(300)] }, socket_cookie: 2n ** 63n, cgroup_id: 7n,
  egress_allowed_by: [{ name: 'a' }, { name: 'b' }], ingress_allowed_by: [{ name: 'c' }], egress_denied_by: [{ name: 'd', labels: ['l'] }], ingress_denied_by: [{ name: 'e', revision: 3n }], policy_log: ['log'],
  extensions: { type_url: 't', value: Uint8Array.of(1, 2, 3) },
};

test('forEachPolicy() visits all four lists and nothing else', () => {
  expect(names(FlowCodec.encode(flow))).toEqual(expect.arrayContaining(['a', 'b', 'c', 'd', 'e']));
  expect(names(FlowCodec.encode(flow))).toHaveLength(5);
  expect(names(FlowCodec.encode({ uuid: 'x', policy_log: ['l'] }))).toEqual([]);
});

test('forEachPolicy() stops within the bytes wherever they are cut', () => {
  const bytes = FlowCodec.encode(flow);
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    forEachPolicy(cut, 0, cut.length, (start, end) => expect(end).toBeLessThanOrEqual(length));
  }
});
