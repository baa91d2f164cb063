/** Time between two frames while data changes: locally, over SSH, and on a terminal that takes them too slowly. */
export const FRAME_MS = 100;
export const REMOTE_FRAME_MS = 250;
export const SLOW_FRAME_MS = 1_000;
/** Bytes a millisecond that data may take of a line that others use, too: 10 kB/s. */
const REMOTE_BYTES_PER_MS = 10;
/** How often the clock moves when nothing else does. */
export const IDLE_MS = 1_000;
/** Least time between two frames that keys ask for: a held key must not outrun the screen. */
export const KEY_FRAME_MS = 16;

/** What the time of the next frame depends on. */
export interface FrameState {
  /** Something that is on the screen changed. */
  isDirty: boolean;
  isSlow: boolean;
  isRemote: boolean;
  /** What the last frame took. */
  frameBytes: number;
}

/** Milliseconds from one frame to the next that nobody at the keyboard asked for. */
export function frameGapMs({ isDirty, isSlow, isRemote, frameBytes }: FrameState): number {
  if (isSlow) return SLOW_FRAME_MS;
  if (!isDirty) return IDLE_MS;
  if (!isRemote) return FRAME_MS;
  return Math.min(SLOW_FRAME_MS, Math.max(REMOTE_FRAME_MS, frameBytes / REMOTE_BYTES_PER_MS));
}
