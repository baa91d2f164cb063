/** What a server without telemetry says of itself when asked. */
export interface HubbleServer {
  /** When it last answered; 0 = never. */
  atMs: number;
  /** Why it did not, the last time; empty = it did. */
  error: string;
  version: string;
  uptimeMs: number;
  seenFlows: number;
  /** Flows that all its nodes decode a second, by their own count; undefined = not known yet. */
  flowsPerSecond: number | undefined;
  /** It lists its nodes: one that is not on the list does not belong to it. */
  hasList: boolean;
}

/** A server that was not asked yet. */
export function unaskedServer(): HubbleServer {
  return { atMs: 0, error: '', version: '', uptimeMs: 0, seenFlows: 0, flowsPerSecond: undefined, hasList: false };
}

/** How it stands with a page of metrics. */
export interface PageState {
  /** One sentence; empty = well. */
  error: string;
  sinceMs: number;
}
