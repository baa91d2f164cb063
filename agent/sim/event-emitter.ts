import { EVENT_BYTES, LANES } from '../decode/event.ts';
import { writeEvent, type SimEvent } from './event-writer.ts';
import type { Random } from './random.ts';
import type { RingWriter } from './ring-writer.ts';
import type { EventKind, SimCounters } from './sim-counters.ts';

/** One reservation in so many is given up, as a program does that finds its packet unreadable. */
const discardEvery = 200;
/** One step in so many ends with a record that is still being filled. */
const busyEvery = 4;

/** An event before it has its place in a ring. */
export type EventDraft = Omit<SimEvent, 'sequence' | 'lane'>;

/** Puts events into the two rings and counts what came of each. */
export class EventEmitter {
  private readonly sequences: number[];
  private readonly rings: readonly RingWriter[];
  private readonly counters: SimCounters;
  private readonly random: Random;

  /** `rings` by lane; `cpus` numbers its events apart. */
  constructor(rings: readonly RingWriter[], counters: SimCounters, random: Random, cpus: number) {
    this.rings = rings;
    this.counters = counters;
    this.random = random;
    this.sequences = Array.from({ length: cpus * LANES }, () => 0);
  }

  /** False when the ring was full: then the event is lost, and counted as lost. */
  emit(lane: number, kind: EventKind, draft: EventDraft): boolean {
    const ring = this.rings[lane];
    if (ring === undefined) throw new Error(`no ring for lane ${lane}`);
    if (this.random() * discardEvery < 1 && ring.reserve(EVENT_BYTES) >= 0) ring.discard();
    const slot = draft.cpu * LANES + lane;
    const sequence = this.sequences[slot] ?? 0;
    this.sequences[slot] = sequence + 1;
    const counts = this.counters.event(lane, kind);
    counts.happened += 1;
    const at = ring.reserve(EVENT_BYTES);
    if (at < 0) {
      counts.lost += 1;
      return false;
    }
    writeEvent(ring.payload, ring.memory.data, at, { ...draft, sequence, lane });
    counts.submitted += 1;
    return true;
  }

  /** Lets the reader see everything; unless `all`, a lane's newest record may stay busy. */
  flush(all: boolean): void {
    for (const ring of this.rings) ring.flush(!all && this.random() * busyEvery < 1);
  }
}
