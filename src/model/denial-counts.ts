/** Seconds of which both kinds of report are still awaited; reports of one packet come within one sort window of a relay. */
const SECONDS = 64;

interface Denial {
  drops: number;
  verdicts: number;
}

/**
 * Counts a denied packet once. Cilium reports it twice, as the policy's verdict and as the drop; where one of the two is switched
 * off the other counts.
 */
export class DenialCounts {
  private readonly slots: { second: number; denials: Map<number, Denial> }[] = [];

  /** How much a report adds to the drops of a key in a second: nothing where the report of the other kind was counted. */
  add(second: number, report: { key: number; isVerdict: boolean; count: number }): number {
    const slot = (this.slots[second % SECONDS] ??= { second, denials: new Map() });
    // an old report comes too late to be compared
    if (slot.second > second) return report.isVerdict ? 0 : report.count;
    if (slot.second < second) {
      slot.second = second;
      slot.denials.clear();
    }
    let denial = slot.denials.get(report.key);
    if (denial === undefined) slot.denials.set(report.key, denial = { drops: 0, verdicts: 0 });
    const before = Math.max(denial.drops, denial.verdicts);
    if (report.isVerdict) denial.verdicts += report.count;
    else denial.drops += report.count;
    return Math.max(denial.drops, denial.verdicts) - before;
  }

  clear(): void {
    this.slots.length = 0;
  }
}
