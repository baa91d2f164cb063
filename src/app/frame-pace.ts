/** Time between two frames while data changes: locally, over SSH, and on a terminal that takes them too slowly. */
export const FRAME_MS = 100;
export const REMOTE_FRAME_MS = 250;
export const SLOW_FRAME_MS = 1_000;
/** The same where each frame is a whole page of new rows: at ten of them a second nobody reads one, at two a person does. */
export const PAGE_FRAME_MS = 500;
/** Most frames a second that can be asked for: one for each FRAME_MS. */
export const MOST_FRAMES_PER_SECOND = 10;
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
  /** More rows came since the last frame than a page has. */
  isWholePage: boolean;
  /** What the reader wants at most; undefined = as the line allows. */
  mostFramesPerSecond?: number | undefined;
}

/** Milliseconds from one frame to the next that nobody at the keyboard asked for. */
export function frameGapMs(state: FrameState): number {
  return Math.max(ownGapMs(state), 1_000 / (state.mostFramesPerSecond ?? MOST_FRAMES_PER_SECOND));
}

function ownGapMs({ isDirty, isSlow, isRemote, frameBytes, isWholePage }: FrameState): number {
  if (isSlow) return SLOW_FRAME_MS;
  if (!isDirty) return IDLE_MS;
  const least = isWholePage ? PAGE_FRAME_MS : isRemote ? REMOTE_FRAME_MS : FRAME_MS;
  return isRemote ? Math.min(SLOW_FRAME_MS, Math.max(least, frameBytes / REMOTE_BYTES_PER_MS)) : least;
}
