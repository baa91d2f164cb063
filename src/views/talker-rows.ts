import { cursorOf, selectedIndex } from '../model/cursors.ts';
import type { State } from '../model/state.ts';
import { inOrder, isFrozen } from '../model/table-order.ts';
import { tableOf } from '../model/tables.ts';
import { talkers, type Talker, type Talkers } from '../model/talkers.ts';
import { dropLead } from './drop-lead.ts';
import { sortColumn } from './talker-columns.ts';
import type { Item } from './view.ts';

/** The rows in the order they are drawn, and the selected one. */
export interface OrderedTalkers {
  all: Talkers;
  rows: Talker[];
  at: number;
}

const sorted = new WeakMap<Talkers, { version: string; isFrozen: boolean; rows: Talker[] }>();

/** Rows sorted as the reader wants, standing still while the cursor moves. */
export function orderedTalkers(state: State): OrderedTalkers {
  const all = talkers(state);
  const column = sortColumn(state, all);
  const { isReversed } = tableOf(state, 'talkers');
  const value = (row: Talker): number => column?.sort(row) ?? 0;
  const version = `${all.group} ${column?.id} ${isReversed}`;
  const known = sorted.get(all);
  const rows = known?.version === version && known.isFrozen === isFrozen(state, 'talkers') ? known.rows : inOrder(state, 'talkers', all.rows, {
    keyOf: (row) => row.key,
    compare: (one, other) => (isReversed ? value(one) - value(other) : value(other) - value(one)) || other.counts.flows - one.counts.flows || (one.key < other.key ? -1 : 1),
    version,
  });
  sorted.set(all, { version, isFrozen: isFrozen(state, 'talkers'), rows });
  return { all, rows, at: selectedIndex(cursorOf(state, 'talkers'), 0, rows.map((row) => row.key)) };
}

/** The rows as the cursor sees them. */
export function talkerItems(state: State): Item[] {
  return orderedTalkers(state).rows.map(({ key, subject, chips, source, destination, port, pairs }) => ({
    key, subject: subject(), target: { view: 'flows', chips: chips() }, ...dropLead(state, pairs), copy: destination === '' ? source : `${source} -> ${destination}${port}`,
  }));
}
