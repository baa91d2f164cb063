// Hot path: part of bench row "agent ring to history" (test/bench/agent.ts).
import { LANES } from './event.ts';

/** CPUs that can be told apart; records of higher ones are counted in `unknownCpuCount`. */
const MAX_CPUS = 1024;
const NEVER = -1;

/**
 * Proves losses: sequence numbers rise by one per CPU and lane for every event
 * that was due, so a hole is an event that never came. A record that comes
 * late (a tracer may interrupt a program on its CPU) closes the hole again.
 */
export class SequenceCheck {
  /** Events proven missing so far, late arrivals taken off; never falls below what was there at a moment without late arrivals. */
  missingCount = 0;
  lateCount = 0;
  unknownCpuCount = 0;
  private readonly next = new Float64Array(MAX_CPUS * LANES).fill(NEVER);

  /** Takes the next record's number; returns how many events are missing before it, -1 for a late one. */
  accept(cpu: number, lane: number, sequence: number): number {
    if (cpu >= MAX_CPUS || lane >= LANES) {
      this.unknownCpuCount++;
      return 0;
    }
    const index = cpu * LANES + lane;
    const expected = this.next[index] ?? NEVER;
    if (expected === sequence || expected === NEVER) {
      this.next[index] = sequence + 1;
      return 0;
    }
    if (sequence > expected) {
      this.next[index] = sequence + 1;
      this.missingCount += sequence - expected;
      return sequence - expected;
    }
    this.lateCount++;
    if (this.missingCount > 0) this.missingCount--;
    return -1;
  }
}
