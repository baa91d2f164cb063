/** Times that a line is told before it is held back, and how often after that. */
const freeRepeats = 3;
const repeatMs = 600_000;
/** Different lines in a burst, and how soon there is room for one more. */
const burstLines = 100;
const lineMs = 30_000;
/** Lines whose repeats are counted; the one that came the longest ago makes room. */
const maxKnownLines = 256;

/** Keeps a log bounded when something fails again and again for weeks; what was held back is counted in the next line. */
export class LineGate {
  private readonly known = new Map<string, { told: number; toldMs: number; held: number }>();
  private room = burstLines;
  private roomAtMs = 0;
  private heldOthers = 0;

  /** The line to write now, or undefined. `nowMs` is any clock that goes forward. */
  admit(line: string, nowMs: number): string | undefined {
    const state = this.known.get(line) ?? { told: 0, toldMs: 0, held: 0 };
    this.remember(line, state);
    if (state.told >= freeRepeats && nowMs - state.toldMs < repeatMs) {
      state.held++;
      return undefined;
    }
    if (!this.takeRoom(nowMs)) {
      this.heldOthers++;
      return undefined;
    }
    const notes = [
      ...(state.held > 0 ? [`${state.held} more of these since`] : []),
      ...(this.heldOthers > 0 ? [`${this.heldOthers} other lines left out`] : []),
    ];
    this.heldOthers = 0;
    state.told++;
    state.toldMs = nowMs;
    state.held = 0;
    return notes.length === 0 ? line : `${line} (${notes.join(', ')})`;
  }

  private remember(line: string, state: { told: number; toldMs: number; held: number }): void {
    this.known.delete(line);
    this.known.set(line, state);
    const [oldest] = this.known.keys();
    if (this.known.size > maxKnownLines && oldest !== undefined) this.known.delete(oldest);
  }

  private takeRoom(nowMs: number): boolean {
    const added = Math.floor((nowMs - this.roomAtMs) / lineMs);
    if (added > 0) {
      this.room = Math.min(burstLines, this.room + added);
      this.roomAtMs = this.room === burstLines ? nowMs : this.roomAtMs + added * lineMs;
    }
    if (this.room === 0) return false;
    this.room--;
    return true;
  }
}
