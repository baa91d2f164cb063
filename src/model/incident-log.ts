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
  /** How it was told on its way here, the oldest first; what a moment of the past knew of it. */
  steps: IncidentStep[];
}

/** An incident as it was told from a time on. */
interface IncidentStep {
  atMs: number;
  worst: Finding;
  told: Finding;
}

/** Steps of one incident; where there are more, the one that is nearest to its neighbours in time goes. */
export const MAX_STEPS = 32;

/** An incident as it was known at a moment: how much worse it became, and what explained it later, nobody could say then. */
export function asKnownAt(incident: Incident, momentMs: number): Incident {
  const step = incident.steps.findLast(({ atMs }) => atMs <= momentMs) ?? incident.steps[0];
  return step === undefined ? incident : { ...incident, worst: step.worst, told: step.told };
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
    keepStep(known, nowMs);
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
    const incident: Incident = { key: finding.key, sinceMs: isSinceKnown ? finding.sinceMs : nowMs, lastMs: nowMs, isOpen: true, worst: finding, told: finding, steps: [{ atMs: nowMs, worst: finding, told: finding }] };
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

function keepStep({ steps, worst, told }: Incident, atMs: number): void {
  const last = steps[steps.length - 1];
  if (last !== undefined && last.worst.severity === worst.severity && last.told.word === told.word && explained(last.told) === explained(told)
    && worst.amount.value <= last.worst.amount.value) return;
  steps.push({ atMs, worst, told });
  if (steps.length > MAX_STEPS) steps.splice(leastTelling(steps), 1);
}

// the first and the last stay, and where an explanation came
function leastTelling(steps: readonly IncidentStep[]): number {
  let found = 1;
  let least = Infinity;
  for (let i = 1; i < steps.length - 1; i++) {
    const [before, step, after] = [steps[i - 1], steps[i], steps[i + 1]];
    if (before === undefined || step === undefined || after === undefined || explained(step.told) !== explained(before.told)) continue;
    if (after.atMs - before.atMs >= least) continue;
    least = after.atMs - before.atMs;
    found = i;
  }
  return found;
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
