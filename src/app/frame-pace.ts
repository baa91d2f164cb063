/** Time between two frames while data changes: locally, over SSH, and on a terminal that takes them too slowly. */
export const FRAME_MS = 100;
export const REMOTE_FRAME_MS = 250;
export const SLOW_FRAME_MS = 1_000;
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
}

/** Milliseconds from one frame to the next that nobody at the keyboard asked for. */
export function frameGapMs({ isDirty, isSlow, isRemote }: FrameState): number {
  if (isSlow) return SLOW_FRAME_MS;
  if (!isDirty) return IDLE_MS;
  return isRemote ? REMOTE_FRAME_MS : FRAME_MS;
}
