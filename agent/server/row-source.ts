import type { RowView } from '../enrich/row-view.ts';
import type { HistoryReader } from '../history/history.ts';
import type { CursorSource } from './flow-cursor.ts';

/** The rows of a history as a cursor walks them; what it looked at last stands in `view`. */
export class RowSource implements CursorSource {
  constructor(private readonly reader: HistoryReader, private readonly view: RowView) {}

  head(): number {
    return this.reader.head();
  }

  oldest(): number {
    return this.reader.oldest();
  }

  look(number: number): RowView | undefined {
    return this.reader.copy(number, this.view.words) ? this.view.moved() : undefined;
  }
}
