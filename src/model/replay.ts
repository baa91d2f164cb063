/** Seconds kept one by one while a file is played: all of an incident can be looked at closely. */
export const REPLAY_FINE_SECONDS = 3_600;

/** A file that is played in place of a live server. Times are ms since 1970. */
export interface Replay {
  /** Its name, for the truth bar. */
  file: string;
  fromMs: number;
  /** The newest time read so far; 0 = nobody knows yet where it ends. */
  toMs: number;
  /** Part of the file that is read, 0 to 1; undefined where nobody knows how much there is. */
  readShare: number | undefined;
  /** All of it is folded in. */
  isRead: boolean;
  /** It was so once: what was wrong in it and what changed is known. */
  isLogged: boolean;
  /** Seconds of the file that pass in one of ours. */
  speed: number;
  /** Moment to stand at once it is read; undefined = the end. */
  wantedMs: number | undefined;
  isPlaying: boolean;
}

/** What the source of a replay says of it; the rest is the reader's. */
export type ReplayProgress = Pick<Replay, 'toMs' | 'readShare' | 'isRead'>;
