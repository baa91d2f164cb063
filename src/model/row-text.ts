import { ROW_GAP, ROW_NOTE } from './flow-rows.ts';
import type { State } from './state.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Puts a line of our own between the rows: a hole, or a note. */
export function pushText(state: State, kind: typeof ROW_GAP | typeof ROW_NOTE, words: string): void {
  const bytes = encoder.encode(words);
  state.rows.push({ kind, timeMs: state.nowMs, verdict: 0, count: 0, source: 0, destination: 0, node: 0, mark: 0 }, bytes, { from: 0, cut: 0, cutEnd: 0, secondCut: 0, secondCutEnd: 0, to: bytes.length });
}

/** The words of such a line. */
export function textOfRow(row: { bytes: Uint8Array }): string {
  return decoder.decode(row.bytes);
}
