import type { CountedRing, SlotSpan } from './counted-slot.ts';
import { SLOT_SECONDS, slotOf } from './slot-ring.ts';
import type { State } from './state.ts';

/** The slots of the state's moment and of a window before it: never less than the window, and up to a slot more, since the last one is still filling. */
export function slotSpan(state: State, ring: CountedRing, windowSeconds: number): SlotSpan {
  // when nothing comes any more, figures stay at the last slot that was observed
  const to = (state.pausedAtMs > 0 ? slotOf(state.pausedAtMs) : Math.min(slotOf(state.nowMs), ring.last)) + 1;
  return { from: to - Math.ceil(windowSeconds / SLOT_SECONDS) - 1, to };
}

/** The window in slots that a chart of so many columns shows: each column a whole number of slots, the last one ending with the span. */
export function columnSpans({ from, to }: SlotSpan, columns: number): SlotSpan[] {
  const each = Math.max(1, Math.ceil((to - from) / columns));
  const count = Math.min(columns, Math.ceil((to - from) / each));
  return Array.from({ length: count }, (_, i) => ({ from: to - (count - i) * each, to: to - (count - i - 1) * each }));
}
