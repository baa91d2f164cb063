/** How a reader wants a table: sorted by a column, reversed, grouped, with or without what is usual. Empty = as the view likes it. */
export interface TableState {
  sort: string;
  isReversed: boolean;
  group: string;
  /** What a view tells apart as usual is shown where it hides it, hidden where it shows it. */
  isNoiseFlipped: boolean;
  /** Kind of chart where a view has several. */
  chart: string;
}

/** The table state of a view; made when it is first asked for. */
export function tableOf(state: { tables: Map<string, TableState> }, view: string): TableState {
  const known = state.tables.get(view);
  if (known !== undefined) return known;
  const made: TableState = { sort: '', isReversed: false, group: '', isNoiseFlipped: false, chart: '' };
  state.tables.set(view, made);
  return made;
}
