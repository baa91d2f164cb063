import Grid from 'blessed-contrib/lib/layout/grid.js';
import Bar from 'blessed-contrib/lib/widget/charts/bar.js';
import Line from 'blessed-contrib/lib/widget/charts/line.js';
import Gauge from 'blessed-contrib/lib/widget/gauge.js';
import Lcd from 'blessed-contrib/lib/widget/lcd.js';
import type { ColourDepth, Role, Theme } from '../theme/theme.ts';
import type { WallFigure, WallGauge, WallLine, WallPage } from '../views/wall-page.ts';

/** Rows and columns of the grid. */
const [GRID_ROWS, GRID_COLS] = [12, 12];

/** What we use of a contrib widget. */
interface Widget {
  options: Record<string, unknown>;
  setData(data: unknown): void;
  setOptions?(options: Record<string, unknown>): void;
  setLabel(label: string): void;
  show(): void;
  hide(): void;
  render(): void;
}

/** What we use of the box that holds the grid. */
export interface GridParent {
  append(child: unknown): void;
  remove(child: unknown): void;
  render(): void;
}

/** How the theme's roles look to contrib: numbers of the palette, or the terminal's own colour. */
type Colours = (role: Role) => number | string;

/** A widget that is filled and drawn only when what it shows has changed: a canvas costs milliseconds each time. */
class Shown<Data> {
  private last = '';

  constructor(readonly widget: Widget, private readonly fill: (widget: Widget, data: Data) => void) {}

  /** Puts data in; true if the widget has to be drawn again. */
  take(data: Data | undefined): boolean {
    const key = JSON.stringify(data);
    if (data === undefined || key === this.last) return false;
    this.last = key;
    this.fill(this.widget, data);
    return true;
  }
}

interface Scene {
  widgets: Widget[];
  /** Widgets that changed. */
  fill(page: WallPage): Widget[];
}

/**
 * The wall as a blessed-contrib grid: figures as LCDs, gauges, lines, bars. A scene of widgets is made once for each shape of
 * page and shown again, since making widgets for every page would leak their listeners over weeks.
 */
export class WallGrid {
  private readonly scenes = new Map<string, Scene>();
  private shown: Scene | undefined;

  constructor(private readonly parent: GridParent, private readonly colours: Colours) {}

  /** Puts a page into the widgets and draws those that changed. */
  show(page: WallPage): void {
    const shape = [page.figures.length, page.lines.length, page.gauges.length, page.bars.length].join(' ');
    let scene = this.scenes.get(shape);
    if (scene === undefined) {
      scene = makeScene(page, this.parent, this.colours);
      this.scenes.set(shape, scene);
    }
    const isTurned = this.shown !== scene;
    if (isTurned) {
      for (const widget of this.shown?.widgets ?? []) widget.hide();
      for (const widget of scene.widgets) widget.show();
      this.shown = scene;
    }
    const changed = scene.fill(page);
    if (isTurned) this.parent.render();
    else for (const widget of changed) widget.render();
  }

  /** Takes all widgets away: after a resize they are made anew. */
  clear(): void {
    for (const { widgets } of this.scenes.values()) for (const widget of widgets) this.parent.remove(widget);
    this.scenes.clear();
    this.shown = undefined;
  }
}

/** Colours of a theme at a depth as contrib takes them: one for each role, the fill of a role that is filled. */
export function contribColours(theme: Theme, depth: ColourDepth): Colours {
  const plain = theme.roles.text[depth].bg;
  return (role) => {
    const { fg, bg } = theme.roles[role][depth];
    return (bg === undefined || bg === plain ? fg : bg) ?? 'normal';
  };
}

interface Place {
  row: number;
  col: number;
  rows: number;
  cols: number;
}

function makeScene(page: WallPage, parent: GridParent, colours: Colours): Scene {
  const grid = new Grid({ rows: GRID_ROWS, cols: GRID_COLS, screen: parent, hideBorder: true });
  const put = (place: Place | undefined, widget: unknown, options: object): Widget => {
    const { row, col, rows, cols } = place ?? WHOLE;
    return grid.set(row, col, rows, cols, widget, options) as Widget;
  };
  const places = placesOf(page);
  const figures = page.figures.map((_, i) => new Shown(put(places.figures[i], Lcd, { ...LCD_SHAPE, color: colours('text') }), (widget, figure: WallFigure) => fillFigure(widget, figure, colours)));
  const lines = page.lines.map((_, i) => new Shown(put(places.lines[i], Line, { ...LINE_SHAPE, style: { text: colours('dim'), baseline: colours('dim') } }), (widget, line: WallLine) => fillLine(widget, line, colours)));
  const gauges = page.gauges.map((_, i) => new Shown(put(places.gauges[i], Gauge, { stroke: colours('chart'), fill: colours('text') }), (widget, gauge: WallGauge) => fillGauge(widget, gauge, colours)));
  const bars = page.bars.length === 0 ? [] : [new Shown(put(places.bars, Bar, { ...BAR_SHAPE, barBgColor: colours('chart'), barFgColor: colours('text'), labelColor: colours('dim') }), fillBars)];
  const all = [...figures, ...lines, ...gauges, ...bars];
  return {
    widgets: all.map(({ widget }) => widget),
    fill: (now) => [
      ...figures.filter((shown, i) => shown.take(now.figures[i])), ...lines.filter((shown, i) => shown.take(now.lines[i])),
      ...gauges.filter((shown, i) => shown.take(now.gauges[i])), ...bars.filter((shown) => shown.take(now.bars)),
    ].map(({ widget }) => widget),
  };
}

const LCD_ELEMENTS = 5;
const LCD_SHAPE = { segmentWidth: 0.06, segmentInterval: 0.11, strokeWidth: 0.11, elements: LCD_ELEMENTS, display: ' ', elementSpacing: 4, elementPadding: 2 };
const LINE_SHAPE = { xLabelPadding: 3, xPadding: 5, numYLabels: 3, wholeNumbersOnly: true, abbreviate: true };
const BAR_SHAPE = { barWidth: 10, barSpacing: 17, xOffset: 2, maxHeight: 1 };
/** Longest name under a bar. */
const BAR_NAME = 14;

function fillBars(widget: Widget, bars: WallPage['bars']): void {
  widget.setData({ titles: bars.map(({ label }) => label.slice(-BAR_NAME)), data: bars.map(({ value }) => Math.round(value)) });
  widget.setLabel(` ${bars.map(({ label, text }) => `${label.slice(-BAR_NAME)} ${text}`).join('   ')} `);
}

const WHOLE: Place = { row: 0, col: 0, rows: GRID_ROWS, cols: GRID_COLS };

// figures in the upper half, two or four; below them what the page has
function placesOf(page: WallPage): { figures: Place[]; lines: Place[]; gauges: Place[]; bars: Place } {
  const isAlone = page.lines.length + page.gauges.length + page.bars.length === 0;
  const rowsOfFigures = Math.ceil(page.figures.length / 2);
  const height = isAlone ? Math.floor(GRID_ROWS / Math.max(1, rowsOfFigures)) : rowsOfFigures > 1 ? 4 : 5;
  const top = height * rowsOfFigures;
  const rest = GRID_ROWS - top;
  const gaugeHeight = 3;
  const belowGauges = page.gauges.length > 0 ? gaugeHeight : 0;
  return {
    figures: page.figures.map((_, i) => ({ row: Math.floor(i / 2) * height, col: (i % 2) * (GRID_COLS / 2), rows: height, cols: GRID_COLS / 2 })),
    lines: page.lines.map((_, i) => ({ row: top, col: Math.floor((i * GRID_COLS) / page.lines.length), rows: rest, cols: Math.floor(GRID_COLS / page.lines.length) })),
    gauges: page.gauges.map((_, i) => ({ row: top, col: Math.floor((i * GRID_COLS) / page.gauges.length), rows: gaugeHeight, cols: Math.floor(GRID_COLS / page.gauges.length) })),
    bars: { row: top + belowGauges, col: 0, rows: rest - belowGauges, cols: GRID_COLS },
  };
}

function fillFigure(widget: Widget, figure: WallFigure, colours: Colours): void {
  widget.setLabel(` ${figure.label}  ${figure.value}  ${figure.note} `);
  widget.setOptions?.({ color: colours(figure.role) });
  widget.setData(figure.lcd.padEnd(LCD_ELEMENTS));
}

/** What a line of a page covers. */
const WALL_MINUTES = 30;

// from the first point that is known to the last
function observed(points: WallLine['points']): WallLine['points'] {
  const first = points.findIndex((point) => point !== undefined);
  return first < 0 ? [] : points.slice(first, points.findLastIndex((point) => point !== undefined) + 1);
}

function fillLine(widget: Widget, line: WallLine, colours: Colours): void {
  const points = observed(line.points);
  // of the time before anybody looked a line at zero would tell
  const minutes = Math.max(1, Math.round((WALL_MINUTES * points.length) / Math.max(1, line.points.length)));
  widget.setLabel(` ${line.label}, ${minutes} min${points.some((point) => point?.isHole === true) ? ', with gaps' : ''} `);
  const y = points.map((point) => point?.value ?? 0);
  widget.setData([{ title: '', x: y.map((_, i) => (i === 0 ? `-${minutes}m` : i === y.length - 1 ? 'now' : ' ')), y: y.length === 0 ? [0] : y, style: { line: colours(line.role) } }]);
}

function fillGauge(widget: Widget, gauge: WallGauge, colours: Colours): void {
  widget.options['stroke'] = colours(gauge.fill >= 0.95 ? 'bad' : gauge.fill >= 0.8 ? 'warn' : 'chart');
  widget.setLabel(` ${gauge.label}  ${gauge.note} `);
  // shares up to 1 are taken for shares, above for percent
  widget.setData(Math.min(100, gauge.fill * 100) < 1.001 ? 0 : gauge.fill * 100);
}
