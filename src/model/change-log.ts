import type { Change, PolicyFact } from '../wire/gen/hubtop.ts';
import { scrub } from '../lib/scrub.ts';
import { policyName } from './policy-book.ts';
import { timestampMs } from './time.ts';

/** Changes remembered; the oldest go first. */
export const MAX_CHANGES = 1_024;

/** Something that was changed, or that changed by itself: a policy, an identity, an endpoint, an agent. */
export interface ChangeEntry {
  timeMs: number;
  node: string;
  /** As in hubtop.v1.Change: policy-changed, identity-changed, endpoint-added, agent-started, … */
  kind: string;
  subject: string;
  detail: string;
  /** Field manager; 'unknown' or empty where nobody says. */
  who: string;
  /** Of a policy; 0 = none. */
  revision: number;
  oldIdentity: number;
  newIdentity: number;
  /** Concluded from what was seen: nobody reported it. */
  isInferred: boolean;
  /** Known from the policy itself, which tells its last change: whoever tells of the change as it happens knows more. */
  isFact?: boolean;
}

/** A change that nobody reported: concluded from what was seen. Texts must be scrubbed. */
export function inferred(change: Pick<ChangeEntry, 'timeMs' | 'node' | 'kind' | 'subject' | 'detail'> & { revision?: number }): ChangeEntry {
  return { who: '', revision: 0, oldIdentity: 0, newIdentity: 0, ...change, isInferred: true };
}

/** What changed, in the order of time, bounded. */
export class ChangeLog {
  forgotten = 0;
  /** Moves with every entry: a key for caches. */
  version = 0;
  private readonly entries: ChangeEntry[] = [];

  /** Takes a reported change in; the same change reported by many nodes is one, told by the first. */
  report(change: Change, nowMs: number): void {
    this.add({
      timeMs: timestampMs(change.time) || nowMs,
      node: scrub(change.node ?? '', 63),
      kind: scrub(change.kind ?? '', 40),
      subject: scrub(change.subject ?? '', 200),
      detail: scrub(change.detail ?? '', 200),
      who: scrub(change.who ?? '', 80),
      revision: Number(change.policy?.revision ?? 0n),
      oldIdentity: change.old_identity ?? 0,
      newIdentity: change.new_identity ?? 0,
      isInferred: false,
    });
  }

  /** Takes the last change of a policy in, of which nobody may have told since it was before our time. */
  fact({ policy, changed, who, is_removed: isRemoved }: PolicyFact, nowMs: number): void {
    const timeMs = timestampMs(changed);
    const subject = policyName(policy);
    if (subject === '' || timeMs > nowMs || nowMs - timeMs > MAX_FACT_AGE_MS || this.entries.some((entry) => isSamePolicy(entry, subject, timeMs))) return;
    this.add({
      timeMs, node: '', kind: isRemoved === true ? 'policy-removed' : 'policy-changed', subject, detail: '', who: scrub(who ?? '', 80), revision: Number(policy?.revision ?? 0n),
      oldIdentity: 0, newIdentity: 0, isInferred: false, isFact: true,
    });
  }

  /** Adds a change at its place in time. */
  add(entry: ChangeEntry): void {
    if (this.isKnown(entry)) return;
    this.version++;
    if (entry.kind.startsWith('policy-') && entry.isFact !== true) this.dropFact(entry);
    let at = this.entries.length;
    while (at > 0 && (this.entries[at - 1]?.timeMs ?? 0) > entry.timeMs) at--;
    this.entries.splice(at, 0, entry);
    if (this.entries.length <= MAX_CHANGES) return;
    this.entries.shift();
    this.forgotten++;
  }

  /** Changes from one time up to another, oldest first. */
  between(fromMs: number, toMs: number): ChangeEntry[] {
    return this.entries.filter((entry) => entry.timeMs >= fromMs && entry.timeMs <= toMs);
  }

  private dropFact({ subject, timeMs }: ChangeEntry): void {
    const at = this.entries.findIndex((known) => known.isFact === true && isSamePolicy(known, subject, timeMs));
    if (at >= 0) this.entries.splice(at, 1);
  }

  // policies are cluster-wide: every node tells of the same change; what happens to a node is told by that node alone
  private isKnown(entry: ChangeEntry): boolean {
    return this.entries.some((known) => known.kind === entry.kind && known.subject === entry.subject && known.detail === entry.detail
      && (known.node === entry.node || entry.kind.startsWith('policy-') || entry.kind.startsWith('identity-'))
      && known.revision === entry.revision && known.newIdentity === entry.newIdentity && Math.abs(known.timeMs - entry.timeMs) < SAME_CHANGE_MS);
  }
}

/** Reports of one change by many nodes lie this close. */
const SAME_CHANGE_MS = 60_000;
/** An older change of a policy is no news. */
const MAX_FACT_AGE_MS = 3_600_000;

function isSamePolicy(entry: ChangeEntry, subject: string, timeMs: number): boolean {
  return entry.kind.startsWith('policy-') && entry.subject === subject && Math.abs(entry.timeMs - timeMs) < SAME_CHANGE_MS;
}
