import type { Finding } from './finding.ts';

/** Incidents remembered; the one that ended first goes first. */
export const MAX_INCIDENTS = 256;
/** A finding that was away for less is the same incident going on. */
const SAME_INCIDENT_MS = 30_000;

/** Something that was wrong for a while: one finding from its beginning to its end. */
export interface Incident {
  key: string;
  /** When it began, as far as anybody saw. */
  sinceMs: number;
  /** When it was last found. */
  lastMs: number;
  isOpen: boolean;
  /** As it was at its worst: by severity, then by amount. */
  worst: Finding;
  /** As it was best explained, the last time it was about as bad as then. */
  told: Finding;
}

const RANK = { crit: 0, warn: 1, note: 2 } as const;

/** What was wrong and when, bounded: what the incidents view tells, and what a moment of the past had. */
export class IncidentLog {
  private heldMs = -Infinity;
  /** Incidents that were forgotten for room. */
  forgotten = 0;
  private readonly incidents: Incident[] = [];
  private readonly open = new Map<string, Incident>();

  /** Only a part of the traffic is looked at: what is not found in it is not over. */
  holdOpen(nowMs: number): void {
    this.heldMs = nowMs;
  }

  /** Takes what is wrong at a moment; call with rising times, about once a second. */
  take(findings: readonly Finding[], nowMs: number): void {
    for (const finding of findings) if (finding.lastMs === undefined) this.note(finding, nowMs);
    for (const [key, incident] of this.open) {
      if (nowMs - Math.max(incident.lastMs, this.heldMs) <= SAME_INCIDENT_MS) continue;
      incident.isOpen = false;
      this.open.delete(key);
    }
  }

  /** All that are known, the newest beginning first. */
  list(): readonly Incident[] {
    return this.incidents.toSorted((one, other) => other.sinceMs - one.sinceMs || (one.key < other.key ? -1 : 1));
  }

  /** Incident of a key that was going on at a moment. */
  at(key: string, momentMs: number): Incident | undefined {
    return this.incidents.find((incident) => incident.key === key && incident.sinceMs <= momentMs && incident.lastMs + SAME_INCIDENT_MS >= momentMs);
  }

  private note(finding: Finding, nowMs: number): void {
    const known = this.joined(finding);
    if (known === undefined) return this.begin(finding, nowMs);
    known.lastMs = nowMs;
    if (tellsBetter(finding, known.told)) known.told = finding;
    if (isWorse(finding, known.worst)) known.worst = finding;
  }

  // what was told as plain drops a second ago goes on under its better name, with the beginning of the earliest
  private joined({ key, claims = [] }: Finding): Incident | undefined {
    const all = [key, ...claims].flatMap((name) => this.open.get(name) ?? []);
    const [first, ...rest] = all.toSorted((one, other) => one.sinceMs - other.sinceMs);
    if (first === undefined || (rest.length === 0 && first.key === key)) return first;
    for (const incident of all) this.open.delete(incident.key);
    for (const incident of rest) this.incidents.splice(this.incidents.indexOf(incident), 1);
    first.key = key;
    this.open.set(key, first);
    return first;
  }

  private begin(finding: Finding, nowMs: number): void {
    if (this.incidents.length >= MAX_INCIDENTS) this.forgetOne();
    const isSinceKnown = Number.isFinite(finding.sinceMs) && finding.sinceMs > 0 && finding.sinceMs <= nowMs;
    const incident: Incident = { key: finding.key, sinceMs: isSinceKnown ? finding.sinceMs : nowMs, lastMs: nowMs, isOpen: true, worst: finding, told: finding };
    this.incidents.push(incident);
    this.open.set(finding.key, incident);
  }

  private forgetOne(): void {
    const ended = this.incidents.findIndex((incident) => !incident.isOpen);
    const [gone] = this.incidents.splice(Math.max(0, ended), 1);
    if (gone !== undefined) this.open.delete(gone.key);
    this.forgotten++;
  }
}

// what began as one reset becomes a rhythm, and a drop gets its cause a second later
function explained(finding: Finding): number {
  return (finding.cause === undefined ? 0 : 2) + (finding.isRegular === true ? 1 : 0);
}

/** Part of the amount an explanation was given at that a later one must have: words about the last drops of a burst say nothing of it. */
const STILL_AS_BAD = 0.9;

function tellsBetter(one: Finding, known: Finding): boolean {
  const more = explained(one) - explained(known);
  return more > 0 || (more === 0 && one.amount.value >= known.amount.value * STILL_AS_BAD);
}

function isWorse(one: Finding, other: Finding): boolean {
  return RANK[one.severity] < RANK[other.severity] || (one.severity === other.severity && one.amount.value > other.amount.value);
}
