import type { ChangeEntry } from '../model/change-log.ts';
import { changeText } from '../model/change-words.ts';
import type { Incident } from '../model/incident-log.ts';
import type { State } from '../model/state.ts';
import { findingItem } from './overview-items.ts';
import type { Item } from './view.ts';

/** Changes shown reach back this far from the moment. */
const CHANGES_MS = 3_600_000;
/** Changes shown at most, the newest. */
const MAX_CHANGES_SHOWN = 100;

/** The moment all views show. */
export function momentMs(state: State): number {
  return state.pausedAtMs > 0 ? state.pausedAtMs : state.nowMs;
}

/** Incidents that had begun by the moment, the newest first. */
export function incidentsAt(state: State): Incident[] {
  const moment = momentMs(state);
  return state.incidents.list().filter((incident) => incident.sinceMs <= moment);
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
  return state.changes.between(moment - CHANGES_MS, moment).slice(-MAX_CHANGES_SHOWN).toReversed();
}

/** Changes as rows: Enter goes back to the moment of the change. */
export function changeItems(state: State): Item[] {
  return changesAt(state).map((entry) => ({ key: changeKey(entry), subject: {}, target: { view: 'overview', momentMs: entry.timeMs + 1000 }, copy: changeText(entry) }));
}

/** Identity of a change. */
export function changeKey(entry: ChangeEntry): string {
  return `${entry.timeMs} ${entry.kind} ${entry.subject} ${entry.node}`;
}
