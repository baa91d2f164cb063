import { REASONS } from '../detect/drop-target.ts';
import { findings } from '../detect/findings.ts';
import { reasonTable } from '../model/drop-table.ts';
import { figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { pairChips, pairSubject, subjectOfChips } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import type { Item } from './view.ts';

/** What is wrong, as rows. */
export function problemItems(state: State): Item[] {
  return findings(state).map(findingItem);
}

/** A finding as a row: Enter leads where it says, else to its flows; `y` copies its next command. */
export function findingItem(finding: Finding): Item {
  const { key, chips, pair, next = [] } = finding;
  const target = finding.target ?? (chips.length === 0 ? undefined : { view: 'flows', chips });
  return {
    key,
    subject: { ...(pair === undefined ? {} : pairSubject(pair)), ...subjectOfChips(chips) },
    ...(target === undefined ? {} : { target }),
    copy: next[0] ?? finding.subject,
  };
}

/** Drop reasons, as rows: Enter leads to where they are explained. */
export function reasonItems(state: State): Item[] {
  return figures(state).reasons.map(({ reason }) => {
    const row = reasonTable(state).rows.find((candidate) => candidate.reason === reason);
    const chips = [{ field: 'verdict', value: 'DROPPED', isNegated: false }, { field: 'drop-reason', value: reason, isNegated: false }] as const;
    return { key: reason, subject: subjectOfChips(chips), target: { view: 'drops', ...(row === undefined ? {} : { select: { panel: REASONS, key: row.key } }) }, copy: reason };
  });
}

/** Pairs, as rows. */
export function pairItems(state: State): Item[] {
  return figures(state).pairs.map(({ id, pair }) => ({
    key: String(id), subject: pairSubject(pair), target: { view: 'flows', chips: pairChips(pair) }, copy: `${pair.source.name} -> ${pair.destination.name}:${pair.port}`,
  }));
}
