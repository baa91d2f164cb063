/** Milliseconds since 1970 of a protobuf Timestamp; 0 if absent. */
export function timestampMs(time: { seconds?: bigint | undefined; nanos?: number | undefined } | undefined): number {
  return time === undefined ? 0 : Number(time.seconds ?? 0n) * 1000 + (time.nanos ?? 0) / 1e6;
}

/** A protobuf Timestamp of milliseconds since 1970. */
export function timestampOf(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

/** A span of seconds in a word: `30s`, `5m`, `1h`; what is no whole minutes stays seconds. */
export function spanText(seconds: number): string {
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60}m` : `${Math.round(seconds)}s`;
}
