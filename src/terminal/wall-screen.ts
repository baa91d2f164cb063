import type { Line } from '../screen/line.ts';
import type { ColourDepth, Theme } from '../theme/theme.ts';
import type { WallPage } from '../views/wall-page.ts';
import type { CellGrid, WidgetBox } from './cell-grid.ts';
import { adoptCells, paint } from './painter.ts';
import type { Palette } from './palette.ts';
import type { WallGrid } from './wall-grid.ts';

/** Rows of text above and below the widgets of a wall. */
export interface WallRows {
  head: readonly Line[];
  foot: readonly Line[];
}

/** A wall on the cell grid: the widgets are loaded when the first page comes, since no other view needs them. */
export class WallScreen {
  readonly theme: Theme;
  private readonly box: WidgetBox;
  private readonly grid: CellGrid;
  private widgets: WallGrid | undefined;
  private isClosed = false;

  constructor(options: { grid: CellGrid; theme: Theme; depth: ColourDepth; rows: WallRows }) {
    const { grid, theme, depth, rows } = options;
    this.grid = grid;
    this.theme = theme;
    this.box = grid.addBox({ top: rows.head.length, bottom: rows.foot.length });
    void import('./wall-grid.ts').then(({ WallGrid, contribColours }) => {
      if (!this.isClosed) this.widgets = new WallGrid(this.box, contribColours(theme, depth));
    });
  }

  /** Puts a page into the cells; false while there are no widgets yet. */
  paint(page: WallPage, look: { rows: WallRows; palette: Palette }): boolean {
    if (this.widgets === undefined) return false;
    const { lines } = this.grid;
    const { head, foot } = look.rows;
    this.widgets.show(page);
    adoptCells(lines.slice(head.length, lines.length - foot.length), look.palette.plain.text);
    paint(lines.slice(0, head.length), head, look.palette);
    paint(lines.slice(lines.length - foot.length), foot, look.palette);
    return true;
  }

  /** Takes the widgets away; the cells still show them. */
  close(): void {
    this.isClosed = true;
    this.widgets?.clear();
    this.box.detach();
  }
}
