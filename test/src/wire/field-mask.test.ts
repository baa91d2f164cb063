import { describe, expect, test } from 'vitest';
import { applyFieldMask, compileFieldMask } from '../../../src/wire/field-mask.ts';
import { FlowCodec } from '../../../src/wire/gen/flow.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';

const flow: Flow = {
  uuid: 'u', verdict: 1, time: { seconds: 5n }, source: { identity: 7, pod_name: 'web', labels: ['a'] },
  l4: { TCP: { source_port: 1, destination_port: 2, flags: { SYN: true } } }, is_reply: { value: true },
};

function masked(...paths: string[]): Flow | string {
  const mask = compileFieldMask(FlowCodec, paths);
  return mask.ok ? applyFieldMask(mask.value, flow) : mask.error;
}

describe('applyFieldMask()', () => {
  test.each([
    [['verdict', 'source.pod_name'], { verdict: 1, source: { pod_name: 'web' } }],
    [['source.pod_name', 'source'], { source: flow.source }],
    [['source', 'source.pod_name'], { source: flow.source }],
    [['destination.identity'], { destination: {} }],
    [['l4.TCP.destination_port', 'l4.UDP.destination_port'], { l4: { TCP: { destination_port: 2 } } }],
    [['time.seconds', 'is_reply'], { time: { seconds: 5n }, is_reply: { value: true } }],
    [['source.labels', 'Summary', 'nodeName'], { source: { labels: ['a'] } }],
  ])('%j', (paths, expected) => {
    expect(masked(...paths)).toEqual(expected);
  });

  test.each(['colour', 'source.colour', 'uuid.x', 'source.labels.x', '', 'source.', 'source.workloads.name'])('compileFieldMask() refuses "%s"', (path) => {
    expect(masked(path)).toMatch(/^invalid fieldmask/);
  });
});
