/** The moment that a reader looks at, in ms: where time was stopped, else now. */
export function momentMs(state: { pausedAtMs: number; nowMs: number }): number {
  return state.pausedAtMs > 0 ? state.pausedAtMs : state.nowMs;
}
