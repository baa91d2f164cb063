import type { Finding } from './finding.ts';

/** How long a page of the wall stands before the next one comes. */
export const PAGE_MS = 15_000;
/** The picture moves by a row this often, so that nothing burns in. */
export const SHIFT_MS = 600_000;
/** Alerts that were seen are remembered; the oldest goes first. */
const MAX_ACKNOWLEDGED = 64;

/** What the wall remembers between frames: the rest follows from the time. */
export interface WallState {
  /** hubtop was started as a wall: leaving it by accident leads back after a while. */
  isHome: boolean;
  /** Alerts a person has seen, by the finding's key, and when. */
  acknowledged: Map<string, number>;
  /** When a key was pressed last. */
  leftMs: number;
}

/** A wall nobody has touched. */
export function newWall(isHome = false): WallState {
  return { isHome, acknowledged: new Map(), leftMs: 0 };
}

/** A wall that was left by a key is a wall again after this long without another. */
export const HOME_AFTER_MS = 300_000;

/** How long an alert keeps the wall to itself if nobody acknowledges it; then it is one page of the rotation. */
const TAKEOVER_MS = 300_000;

/** Critical findings nobody has acknowledged, loudest first. */
export function alertsOf(wall: WallState, findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'crit' && !wall.acknowledged.has(finding.key));
}

/** Whether an alert is so new that it has the wall to itself. `sinceMs` is when it was first found. */
export function takesOver(sinceMs: number, nowMs: number): boolean {
  return nowMs - sinceMs <= TAKEOVER_MS;
}

/** A person has seen the alerts: the rotation goes on. One that went and comes again takes over again. */
export function acknowledge(wall: WallState, findings: readonly Finding[], nowMs: number): void {
  for (const { key } of alertsOf(wall, findings)) wall.acknowledged.set(key, nowMs);
  for (const key of wall.acknowledged.keys()) {
    if (wall.acknowledged.size <= MAX_ACKNOWLEDGED) return;
    wall.acknowledged.delete(key);
  }
}

/** Forgets the acknowledgement of what is over. */
export function forgetEnded(wall: WallState, findings: readonly Finding[]): void {
  const open = new Set(findings.map(({ key }) => key));
  for (const key of wall.acknowledged.keys()) if (!open.has(key)) wall.acknowledged.delete(key);
}

/** Which page of a rotation stands at a moment, and for how much longer. */
export function pageAt(nowMs: number, pages: number): { page: number; leftMs: number } {
  return { page: pages === 0 ? 0 : Math.floor(nowMs / PAGE_MS) % pages, leftMs: PAGE_MS - (nowMs % PAGE_MS) };
}
