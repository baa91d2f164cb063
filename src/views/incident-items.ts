import { ARRIVAL_MS } from '../detect/rank.ts';
import type { ChangeEntry } from '../model/change-log.ts';
import { changeText } from '../model/change-words.ts';
import { asKnownAt, type Incident } from '../model/incident-log.ts';
import { momentMs } from '../model/moment.ts';
import type { State } from '../model/state.ts';
import { findingItem } from './overview-items.ts';
import type { Item } from './view.ts';

/** Changes shown reach back this far from the moment. */
const CHANGES_MS = 3_600_000;
/** Changes shown at most, the newest. */
const MAX_CHANGES_SHOWN = 100;

const RANK = { crit: 0, warn: 1, note: 2 } as const;
/** Pods that come or go within this time are told together: a rollout is one change. */
const TOGETHER_MS = 30_000;

/** Incidents that had begun by the moment, the newest first. */
export function incidentsAt(state: State): Incident[] {
  const moment = momentMs(state);
  // what was there when we came is equally old, the worst first
  const began = (incident: Incident): number => Math.max(incident.sinceMs, state.startedMs + ARRIVAL_MS);
  return state.incidents.list().filter((incident) => incident.sinceMs <= moment)
    .map((incident) => (state.pausedAtMs > 0 ? asKnownAt(incident, moment) : incident))
    .toSorted((one, other) => began(other) - began(one) || RANK[one.worst.severity] - RANK[other.worst.severity] || other.sinceMs - one.sinceMs);
}

/** Whether an incident was still going on at the moment. */
export function isOpenAt(incident: Incident, state: State): boolean {
  return state.pausedAtMs > 0 ? incident.lastMs >= state.pausedAtMs : incident.isOpen;
}

/** Incidents as rows: Enter leads to what they are about, for one that is over to the moment it was last seen. */
export function incidentItems(state: State): Item[] {
  return incidentsAt(state).map((incident) => {
    const item = findingItem(incident.told);
    if (item.target === undefined || isOpenAt(incident, state)) return { ...item, key: incidentKey(incident) };
    return { ...item, key: incidentKey(incident), target: { ...item.target, momentMs: incident.lastMs } };
  });
}

/** Identity of an incident: the same trouble can come again. */
export function incidentKey(incident: Incident): string {
  return `${incident.sinceMs} ${incident.key}`;
}

/** Changes of the hour before the moment, the newest first. */
export function changesAt(state: State): ChangeEntry[] {
  const moment = momentMs(state);
  return together(state.changes.between(moment - CHANGES_MS, moment)).slice(-MAX_CHANGES_SHOWN).toReversed();
}

function together(entries: readonly ChangeEntry[]): ChangeEntry[] {
  const made: { entry: ChangeEntry; subjects: string[] }[] = [];
  for (const entry of entries) {
    const known = made.findLast((group) => group.entry.kind === entry.kind);
    if (known !== undefined && isTogether(known.entry, entry)) known.subjects.push(entry.subject);
    else made.push({ entry, subjects: [entry.subject] });
  }
  return made.map(({ entry, subjects }) => (subjects.length === 1 ? entry : { ...entry, subject: `${subjects.length} pods`, detail: [entry.kind === 'identity-changed' ? `${entry.detail};` : '', ...subjects.slice(0, MAX_NAMED), subjects.length > MAX_NAMED ? '…' : ''].filter((part) => part !== '').join(' ') }));
}

function isTogether(one: ChangeEntry, other: ChangeEntry): boolean {
  if (other.timeMs - one.timeMs > TOGETHER_MS) return false;
  return one.kind.startsWith('endpoint-') || (one.kind === 'identity-changed' && one.newIdentity === other.newIdentity && one.detail === other.detail && one.who === other.who);
}

/** Pods named in a row that tells of many. */
const MAX_NAMED = 3;

/** Changes as rows: Enter goes back to the moment of the change. */
export function changeItems(state: State): Item[] {
  return changesAt(state).map((entry) => ({ key: changeKey(entry), subject: {}, target: { view: 'overview', momentMs: entry.timeMs + 1000 }, copy: changeText(entry) }));
}

/** Identity of a change. */
export function changeKey(entry: ChangeEntry): string {
  return `${entry.timeMs} ${entry.kind} ${entry.subject} ${entry.node}`;
}
