import type { Talker, TalkerGroup, Talkers } from '../model/talkers.ts';
import { talkerGroup } from '../model/talkers.ts';
import type { State } from '../model/state.ts';
import { tableOf } from '../model/tables.ts';
import { bits, bytes, count, grouped, percent } from '../screen/format.ts';
import type { Role } from '../theme/theme.ts';
import { verdictWord } from './verdict.ts';

/** A column of figures: its title, width, cell and what it sorts by. */
export interface TalkerColumn {
  id: string;
  title: string;
  width: number;
  /** Least screen that has it. */
  from: number;
  /** Absent = none of these rows has it. */
  isShown(all: Talkers): boolean;
  cell(row: Talker, seconds: number, isInBits: boolean): string;
  /** Larger comes first. */
  sort(row: Talker): number;
  role?(row: Talker): Role;
}

const always = (): boolean => true;
const ofPods = ({ group }: Talkers): boolean => group === 'pod';
const notOfPods = ({ group }: Talkers): boolean => group !== 'pod';
const badIfAny = (value: number): Role => (value > 0.5 ? 'bad' : 'dim');

/** All columns in their order; the first one of a group is what it is sorted by at first. */
export const TALKER_COLUMNS: readonly TalkerColumn[] = [
  { id: 'flows', title: 'FLOWS', width: 8, from: 0, isShown: ofPods, cell: (row) => grouped(row.counts.flows), sort: (row) => row.counts.flows },
  { id: 'new', title: 'NEW/s', width: 6, from: 0, isShown: always, cell: (row, seconds) => count(row.counts.connections / seconds), sort: (row) => row.counts.connections },
  { id: 'events', title: 'EV/s', width: 7, from: 110, isShown: notOfPods, cell: (row, seconds) => count(row.counts.flows / seconds), sort: (row) => row.counts.flows, role: () => 'dim' },
  { id: 'bytes', title: 'BYTES/s', width: 9, from: 100, isShown: ({ hasVolume }) => hasVolume, cell: (row, seconds, isInBits) => (isInBits ? bits : bytes)(row.counts.bytes / seconds), sort: (row) => row.counts.bytes },
  { id: 'drops', title: 'DROP/s', width: 7, from: 0, isShown: notOfPods, cell: (row, seconds) => count(row.counts.dropped / seconds), sort: (row) => row.counts.dropped, role: (row) => badIfAny(row.counts.dropped) },
  { id: 'resets', title: 'RST/s', width: 6, from: 0, isShown: always, cell: (row, seconds) => count(row.counts.resets / seconds), sort: (row) => row.counts.resets, role: (row) => (row.counts.resets > 0.5 ? 'warn' : 'dim') },
  { id: 'errors', title: 'ERR', width: 5, from: 0, isShown: ({ hasErrors }) => hasErrors, cell: (row) => (row.errors === undefined ? '-' : percent(row.errors)), sort: (row) => row.errors ?? -1, role: (row) => ((row.errors ?? 0) >= 0.05 ? 'bad' : (row.errors ?? 0) > 0 ? 'warn' : 'dim') },
];

/** What stands above a column. */
export function columnTitle({ isInBits }: State, { id, title }: TalkerColumn): string {
  return id === 'bytes' && isInBits ? 'BITS/s' : title;
}

/** The columns that a table of these rows has on a screen of this width; the one it is sorted by on any. */
export function talkerColumns(state: State, all: Talkers, cols: number): TalkerColumn[] {
  const sorted = sortColumn(state, all);
  return TALKER_COLUMNS.filter((column) => column.isShown(all) && (cols >= column.from || column === sorted));
}

/** The column that rows are sorted by now. */
export function sortColumn(state: State, all: Talkers): TalkerColumn | undefined {
  const { sort } = tableOf(state, 'talkers');
  const shown = TALKER_COLUMNS.filter((column) => column.isShown(all));
  return shown.find(({ id }) => id === sort) ?? shown[0];
}

/** Sorts by the next column. */
export function sortByNext(state: State, all: Talkers): TalkerColumn | undefined {
  const shown = TALKER_COLUMNS.filter((column) => column.isShown(all));
  const now = sortColumn(state, all);
  const next = shown[(now === undefined ? 0 : shown.indexOf(now) + 1) % Math.max(1, shown.length)];
  const table = tableOf(state, 'talkers');
  table.sort = next?.id ?? '';
  table.isReversed = false;
  return next;
}

/** Words for what rows are put together by. */
export const GROUP_WORDS: Readonly<Record<TalkerGroup, string>> = { workload: 'by workload', namespace: 'by namespace', node: 'by reporting node', pod: 'by pod and verdict' };

/** The verdict of a row of pods; nothing for rows that hold all verdicts. */
export function talkerVerdict(row: Talker): { word: string; long: string; role: Role } | undefined {
  return row.flowGroup === undefined || row.flowGroup.verdict === 0 ? undefined : verdictWord(row.flowGroup.verdict);
}

/** Whether figures of this view come from flows although kernels count: their rows are made of flows. */
export function isOfFlows(state: State): boolean {
  return talkerGroup(state) === 'pod' || talkerGroup(state) === 'node';
}
