import { figures, secondsPerColumn, series, windowText, type PairFigure } from '../model/figures.ts';
import { PairColumn } from '../model/pair-table.ts';
import { countsFlows, type State } from '../model/state.ts';
import { columns, highest } from '../screen/chart.ts';
import { bits, bytes, count } from '../screen/format.ts';
import { left, line, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { pairCells, protocolName } from './names.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { panelCursor } from './view.ts';

/** A column of the pair table after the names. */
interface Column {
  title: string;
  width: number;
  cell(pair: PairFigure, seconds: number, isInBits: boolean): string;
  isBad?(pair: PairFigure): boolean;
}

const VOLUME: readonly Column[] = [
  { title: 'BYTES/s', width: 9, cell: (pair, seconds, isInBits) => (isInBits ? bits : bytes)(pair.bytes / seconds) },
  { title: 'PKT/s', width: 7, cell: (pair, seconds) => count(pair.skbs / seconds) },
  { title: 'CONN/s', width: 7, cell: (pair, seconds) => count(pair.connections / seconds) },
];
const FLOWS: readonly Column[] = [{ title: 'FLOWS/s', width: 9, cell: (pair, seconds) => count(pair.flows / seconds) }];
const TROUBLE: readonly Column[] = [
  { title: 'DROP/s', width: 7, cell: (pair, seconds) => count(pair.dropped / seconds), isBad: (pair) => pair.dropped > 0.5 },
  { title: 'RST/s', width: 7, cell: (pair, seconds) => count(pair.resets / seconds), isBad: (pair) => pair.resets > 0.5 },
];

/** TOP PAIRS: who moves most, with connections, drops and resets; by bytes where somebody counts them. */
export function pairsSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const { pairs, seconds } = figures(state);
  const isByFlows = countsFlows(state);
  const isWide = cols >= 110;
  const head = isWide ? 1 : 0;
  const rows = Math.max(0, size.rows - 1 - head);
  const shown = [...(isByFlows ? FLOWS : isWide ? VOLUME : VOLUME.filter((column) => column.title !== 'PKT/s')), ...(isWide ? TROUBLE : TROUBLE.slice(0, 1))];
  const { at: selected, isFocused } = panelCursor(state, 'overview', { panel: 2, keys: pairs.map((pair) => String(pair.id)) });
  const top = scrollTop(selected, pairs.length, rows);
  const trendWidth = isWide ? 18 : 0;
  const nameWidth = cols - 8 - trendWidth - shown.reduce((sum, column) => sum + column.width + 1, 0);
  const lines = pairs.slice(top, top + rows).map((pair, i) => pairLine(state, pair, { cols, nameWidth, trendWidth, shown, seconds: Math.max(0.001, seconds), isSelected: isFocused && top + i === selected }));
  if (pairs.length === 0) lines.push(line(cols, [[seconds > 0 ? '   nobody talks' : '   no traffic known yet', 'dim']]));
  const heading = line(cols, [['   ' + left('SOURCE → DESTINATION:PORT', nameWidth) + left('PROTO', 5) + shown.map((column) => right(state.isInBits ? column.title.replace('BYTES', 'BITS') : column.title, column.width + 1)).join('') + (isWide ? '  TREND' : ''), 'dim']]);
  const hidden = pairs.length - Math.min(rows, pairs.length);
  const volume = isByFlows ? 'by flows (flows carry no volume)' : isWide ? 'by bytes, both directions' : 'by bytes, connections, drops';
  return [rule(cols, 'TOP PAIRS', isWide ? `${volume}, ${windowText(state)}` : volume, hidden > 0 ? `${hidden} more` : ''), ...(head > 0 && size.rows > 1 ? [heading] : []), ...lines].slice(0, size.rows);
}

function pairLine(state: State, pair: PairFigure, shape: { cols: number; nameWidth: number; trendWidth: number; shown: readonly Column[]; seconds: number; isSelected: boolean }): Line {
  const pieces: Piece[] = [
    shape.isSelected ? [' ► ', 'accent'] : '   ', pairCells(pair.pair, shape.nameWidth - 1), ' ', [left(protocolName(pair.pair.protocol), 5), 'dim'],
    ...shape.shown.map((column): Piece => [right(column.cell(pair, shape.seconds, state.isInBits), column.width + 1), column.isBad === undefined ? 'text' : column.isBad(pair) ? 'bad' : 'dim']),
  ];
  if (shape.trendWidth > 2) {
    const width = shape.trendWidth - 2;
    const points = series(state, { columns: width, secondsPerColumn: secondsPerColumn(state, width) }, (bucket) => {
      const { bytes: moved, flows } = PairColumn;
      // whoever counts bytes counts more of them than flows
      return bucket.pairs.value(pair.id, moved) || bucket.pairs.value(pair.id, flows);
    });
    pieces.push('  ', [columns(points, 1, highest(points))[0] ?? '', 'chart']);
  }
  return line(shape.cols, pieces, shape.isSelected ? 'selected' : undefined);
}
