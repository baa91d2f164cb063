import { expect, test } from 'vitest';
import { frameGapMs, type FrameState } from '../../../src/app/frame-pace.ts';

const idle: FrameState = { isDirty: false, isSlow: false, isRemote: false, frameBytes: 0, isWholePage: false };

test.each<[string, Partial<FrameState>, number]>([
  ['nothing changes', {}, 1_000], ['data changes', { isDirty: true }, 100], ['data changes in large frames', { isDirty: true, frameBytes: 5_000 }, 100],
  ['over SSH', { isDirty: true, isRemote: true }, 250], ['over SSH in frames of 4 kB: 10 kB/s', { isDirty: true, isRemote: true, frameBytes: 4_000 }, 400],
  ['over SSH after a whole screen', { isDirty: true, isRemote: true, frameBytes: 40_000 }, 1_000], ['on a terminal that is behind', { isDirty: true, isSlow: true }, 1_000],
  ['each frame is a page of new rows', { isDirty: true, isWholePage: true }, 500], ['the same over SSH', { isDirty: true, isRemote: true, isWholePage: true, frameBytes: 4_000 }, 500],
  ['a reader wants two a second', { isDirty: true, mostFramesPerSecond: 2 }, 500], ['a reader wants ten over SSH', { isDirty: true, isRemote: true, mostFramesPerSecond: 10 }, 250],
])('frameGapMs() when %s', (_what, state, expected) => {
  expect(frameGapMs({ ...idle, ...state })).toBe(expected);
});
