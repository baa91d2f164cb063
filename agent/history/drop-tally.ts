// Hot path: part of bench row "agent ring to history" (test/bench/agent.ts).
import type { DatapathDrop } from '../decode/datapath-drop.ts';

/** Different drops that are counted apart; those beyond are counted in `overflowCount`. */
const MAX_DROPS = 4_096;
const PORT_UNIT = 0x2_0000;
const PROTOCOL_UNIT = 0x200;

/** Counts the drop records that pass: the kernel's own drops have a map of their own, those of a datapath have not. */
export class DropTally {
  overflowCount = 0;
  private readonly byLabels = new Map<number, Map<number, DatapathDrop>>();
  private readonly all: DatapathDrop[] = [];

  /** Takes the record that begins at `words[at]`; the offsets are those of `struct ht_event`, in words. */
  count(words: Uint32Array, at: number): void {
    const sourceLabels = words[at + 12] ?? 0;
    const destinationLabels = words[at + 13] ?? 0;
    const protocol = (words[at + 1] ?? 0) >>> 24;
    const port = (words[at + 22] ?? 0) >>> 16;
    const reason = (words[at + 24] ?? 0) & (PROTOCOL_UNIT - 1);
    const pair = sourceLabels * 0x1_0000_0000 + destinationLabels;
    let drops = this.byLabels.get(pair);
    if (drops === undefined) {
      drops = new Map();
      if (this.all.length < MAX_DROPS) this.byLabels.set(pair, drops);
    }
    const key = port * PORT_UNIT + protocol * PROTOCOL_UNIT + reason;
    let drop = drops.get(key);
    if (drop === undefined) {
      if (this.all.length >= MAX_DROPS) {
        this.overflowCount++;
        return;
      }
      drop = { sourceLabels, destinationLabels, reason, port, protocol, skbs: 0, bytes: 0 };
      drops.set(key, drop);
      this.all.push(drop);
    }
    drop.skbs += words[at + 25] ?? 0;
    drop.bytes += words[at + 32] ?? 0;
  }

  rows(): readonly DatapathDrop[] {
    return this.all;
  }
}
