import { denyForm, type DenyForm } from './deny-form.ts';
import { refusalAt } from './drop-facts.ts';
import type { DropClass } from './drop-words.ts';
import { figures, momentSecond, type DropFigure, type Figures } from './figures.ts';
import type { State } from './state.ts';
import { inOrder, isFrozen } from './table-order.ts';
import { tableOf } from './tables.ts';

/** Drops of one reason, told apart by how a policy refused. */
export interface ReasonRow {
  key: string;
  reason: string;
  form: DenyForm;
  class: DropClass;
  count: number;
  nowPerSecond: number;
  share: number;
  /** Its pairs, most first; shownDrops() has them as the reader wants them. */
  drops: readonly DropFigure[];
  /** Beginning of the earliest of them; undefined = not known. */
  sinceMs: number | undefined;
}

/** The reasons that are shown, and what the reader left out. */
export interface ReasonTable {
  rows: readonly ReasonRow[];
  hiddenRows: number;
  hiddenCount: number;
}

/** Orders of the lists of drops that `s` steps through. */
export const DROP_SORTS = ['count', 'now', 'since', 'name'] as const;
export type DropSort = (typeof DROP_SORTS)[number];

/** View whose table state the drops have. */
const VIEW = 'drops';
const cache = new WeakMap<Figures, { hides: boolean; table: ReasonTable }>();

/** How the lists are sorted. */
export function dropSort(state: State): DropSort {
  return DROP_SORTS.find((sort) => sort === tableOf(state, VIEW).sort) ?? 'count';
}

/** Whether harmless drops are left out. */
export function hidesHarmless(state: State): boolean {
  return tableOf(state, VIEW).isNoiseFlipped;
}

const orders = new WeakMap<Figures, Map<string, readonly unknown[]>>();

// asked for several times a frame, of a thousand pairs: made once for each moment, order and freeze
function once<Row>(state: State, id: string, make: () => Row[]): Row[] {
  const now = figures(state);
  const known = orders.get(now) ?? new Map<string, readonly unknown[]>();
  orders.set(now, known);
  const key = `${dropSort(state)} ${isFrozen(state, VIEW)} ${hidesHarmless(state)} ${id}`;
  const rows = known.get(key) ?? make();
  known.set(key, rows);
  return rows as Row[];
}

/** Reasons of the state's moment as they are shown: rows keep their order while the reader moves. */
export function shownReasons(state: State): readonly ReasonRow[] {
  return once(state, '', () => ordered(state, reasonTable(state).rows, { panel: 0, version: '', keyOf: (row) => row.key, sortable }));
}

/** Pairs of a reason as they are shown. */
export function shownDrops(state: State, reason: ReasonRow | undefined): readonly DropFigure[] {
  if (reason === undefined) return [];
  return once(state, reason.key, () => ordered(state, reason.drops, { panel: 1, version: reason.key, keyOf: (drop) => String(drop.key), sortable: (drop) => sortableDrop(state, drop) }));
}

function ordered<Row>(state: State, rows: readonly Row[], how: { panel: number; version: string; keyOf(row: Row): string; sortable(row: Row): Sortable }): Row[] {
  const order = orderOf(state);
  const values = new Map(rows.map((row) => [row, how.sortable(row)]));
  const none: Sortable = { name: '', count: 0, now: 0, since: 0 };
  return inOrder(state, VIEW, rows, { keyOf: how.keyOf, compare: (one, other) => order(values.get(one) ?? none, values.get(other) ?? none), version: `${dropSort(state)} ${how.version}`, panel: how.panel });
}

/** Reasons of the state's moment; computed once for each moment and filter. In no order. */
export function reasonTable(state: State): ReasonTable {
  const now = figures(state);
  const hides = hidesHarmless(state);
  const known = cache.get(now);
  if (known?.hides === hides) return known.table;
  const table = makeTable(state, now);
  cache.set(now, { hides, table });
  return table;
}

/** Key of the row of reasons a drop stands in. */
export function reasonKey(state: State, drop: Pick<DropFigure, 'key' | 'reason'>): string {
  const form = denyForm(drop.reason, refusalAt(state.dropFacts.get(drop.key), momentSecond(state) * 1000));
  return form === '' ? drop.reason : `${drop.reason} ${form}`;
}

function makeTable(state: State, now: Figures): ReasonTable {
  const byKey = new Map<string, DropFigure[]>();
  for (const drop of now.drops) {
    const key = reasonKey(state, drop);
    const list = byKey.get(key) ?? [];
    byKey.set(key, list);
    list.push(drop);
  }
  const total = now.drops.reduce((sum, drop) => sum + drop.count, 0);
  const all = [...byKey].map(([key, drops]) => reasonRow(state, { key, drops, total }));
  const rows = hidesHarmless(state) ? all.filter((row) => row.class !== 'ok') : all;
  return {
    rows,
    hiddenRows: all.length - rows.length,
    hiddenCount: all.filter((row) => !rows.includes(row)).reduce((sum, row) => sum + row.count, 0),
  };
}

function reasonRow(state: State, { key, drops, total }: { key: string; drops: DropFigure[]; total: number }): ReasonRow {
  const count = drops.reduce((sum, drop) => sum + drop.count, 0);
  const [first] = drops;
  const reason = first?.reason ?? '';
  const begun = drops.flatMap((drop) => dropSinceMs(state, drop.key) ?? []);
  return {
    key, reason, class: first?.class ?? 'oth', form: key === `${reason} default deny` ? 'default deny' : key === `${reason} named deny` ? 'named deny' : '',
    count, share: total > 0 ? count / total : 0, nowPerSecond: drops.reduce((sum, drop) => sum + drop.nowPerSecond, 0), sinceMs: begun.length === 0 ? undefined : Math.min(...begun),
    drops,
  };
}

/** When a drop was first seen; undefined where nobody noted it. */
export function dropSinceMs(state: State, key: number): number | undefined {
  const noted = state.firstSeenMs.get(`drop ${key}`);
  return noted === undefined || !Number.isFinite(noted) ? undefined : noted;
}

interface Sortable {
  name: string;
  count: number;
  now: number;
  since: number;
}

function sortable(row: ReasonRow): Sortable {
  return { name: row.key, count: row.count, now: row.nowPerSecond, since: row.sinceMs ?? 0 };
}

function sortableDrop(state: State, drop: DropFigure): Sortable {
  return { name: `${drop.pair.source.name} ${drop.pair.destination.name} ${drop.pair.port}`, count: drop.count, now: drop.nowPerSecond, since: dropSinceMs(state, drop.key) ?? 0 };
}

function orderOf(state: State): (one: Sortable, other: Sortable) => number {
  const sort = dropSort(state);
  return (one, other) => {
    const byName = one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
    if (sort === 'name') return byName;
    // the newest first
    return other[sort] - one[sort] || other.count - one.count || byName;
  };
}
