// hot path: made and read once a flow (bench: screen, flows folded)

/** What the fold found out about a flow, in 32 bits of its row. The lowest bits are the id of its pair. */
export const RowMark = {
  /** The packet went from the server to the client. */
  REPLY: 1 << 13,
  /** It opened a connection, and no row before it said so. */
  OPENS: 1 << 14,
  RESET: 1 << 15,
  /** First packet of a connection, and it is no SYN. */
  STRAY: 1 << 16,
  /** Counted in the figures; history from before the stream was opened is not. */
  COUNTED: 1 << 17,
  /** A packet that was dropped, told for the first time: policy verdict and drop tell of the same one. */
  DROPS: 1 << 18,
} as const;

/** Id of the pair of a row. */
export function pairOfMark(mark: number): number {
  return mark & (RowMark.REPLY - 1);
}
