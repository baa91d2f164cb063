import { findings } from '../detect/findings.ts';
import type { ChangeEntry } from '../model/change-log.ts';
import type { Chip } from '../model/chips.ts';
import type { Finding } from '../model/finding.ts';
import type { State } from '../model/state.ts';
import { changesAt, incidentsAt, isOpenAt } from '../views/incident-items.ts';
import { type Data, figureData, timeData } from './data.ts';
import { pairData } from './pair-data.ts';

/** What is wrong, loudest first. */
export function findingsData(state: State): Data {
  return findings(state).map(findingData);
}

/** What was wrong and when, the newest first. */
export function incidentsData(state: State): Data {
  return incidentsAt(state).map((incident) => ({
    ...findingData(incident.told), since: timeData(incident.sinceMs), last: timeData(incident.lastMs), is_open: isOpenAt(incident, state), worst: worstData(incident.worst),
  }));
}

/** What was changed, the newest first. */
export function changesData(state: State): Data {
  return changesAt(state).map(changeData);
}

function findingData(finding: Finding): { readonly [key: string]: Data } {
  const { key, severity, word, subject, amount, timesMore, why, sinceMs, lastMs, isRegular, chips, pair, evidence, cause, next } = finding;
  return {
    key, severity, word, subject,
    pair: pair === undefined ? null : pairData(pair),
    amount: { value: figureData(amount.value), unit: amount.unit, text: amount.text ?? null },
    times_more: figureData(timesMore),
    why,
    since: timeData(sinceMs),
    last: timeData(lastMs),
    is_regular: isRegular === true,
    cause: cause === undefined ? null : { text: cause.text, is_certain: cause.isCertain },
    evidence: [...(evidence ?? [])],
    next: [...(next ?? [])],
    filter: chips.map(chipData),
  };
}

function worstData({ severity, amount }: Finding): Data {
  return { severity, amount: { value: figureData(amount.value), unit: amount.unit, text: amount.text ?? null } };
}

/** One condition of a filter. */
export function chipData({ field, value, isNegated }: Chip): { readonly [key: string]: Data } {
  return { field, value, negated: isNegated };
}

function changeData(entry: ChangeEntry): Data {
  const { timeMs, node, kind, subject, detail, who, revision, oldIdentity, newIdentity, isInferred } = entry;
  return {
    time: timeData(timeMs), kind, subject, detail, node, who: who === '' ? 'unknown' : who, revision: revision > 0 ? revision : null,
    old_identity: oldIdentity > 0 ? oldIdentity : null, new_identity: newIdentity > 0 ? newIdentity : null, is_inferred: isInferred,
  };
}
