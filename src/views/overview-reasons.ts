import { dropKeyParts } from '../model/directory.ts';
import { figures, secondsPerColumn, series, windowText } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import { bar, columns, highest } from '../screen/chart.ts';
import { count, grouped, percent } from '../screen/format.ts';
import { left, line, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { panelCursor } from './view.ts';

const CLASS_WORDS: Readonly<Record<string, string>> = { pol: 'policy', cap: 'capacity', rtg: 'routing', svc: 'service', app: 'application', pkt: 'packet', ok: 'harmless', oth: '' };

/** DROP REASONS: a histogram of reasons in the window, with the trend of each where there is room. */
export function reasonsSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const { reasons, isLowerBound, seconds } = figures(state);
  const rows = size.rows - 1;
  const { at: selected, isFocused } = panelCursor(state, 'overview', { panel: 1, keys: reasons.map((reason) => reason.reason) });
  const top = scrollTop(selected, reasons.length, rows);
  const bound = isLowerBound ? '≥' : '';
  const trendWidth = cols >= 110 ? 30 : 0;
  const nameWidth = cols >= 110 ? 31 : 24;
  const barWidth = cols - nameWidth - trendWidth - (cols >= 110 ? 43 : 24);
  const lines = reasons.slice(top, top + rows).map((reason, i) => {
    const isSelected = isFocused && top + i === selected;
    const role = reason.class === 'ok' ? 'dim' : 'bad';
    const filled = bar(reason.share, barWidth);
    const pieces: Piece[] = [
      isSelected ? ['►', 'accent'] : ' ', left(reason.reason, nameWidth), [right(`${bound}${count(reason.perSecond)}/s`, 8), 'text'], ' ',
      [left(filled, barWidth), role], [right(percent(reason.share), 7), 'text'], ' ',
    ];
    if (cols >= 110) pieces.push([right(`${bound}${grouped(reason.count)}`, 9), 'dim'], ' ', [trend(state, reason.reason, trendWidth), role], ' ', [left(CLASS_WORDS[reason.class] ?? '', 12), 'dim']);
    else pieces.push([left(reason.class, 4), 'dim']);
    return line(cols, pieces, isSelected ? 'selected' : undefined);
  });
  if (reasons.length === 0) lines.push(line(cols, [['   no drops', seconds > 0 ? 'good' : 'dim'], [seconds > 0 ? `${state.chips.length > 0 ? ' that pass the filter' : ''} in ${Math.round(seconds)} s observed` : ' known yet', 'dim']]));
  const hidden = reasons.length - Math.min(rows, reasons.length);
  return [rule(cols, 'DROP REASONS', windowText(state), hidden > 0 ? `${hidden} not shown` : ''), ...lines];
}

function trend(state: State, reason: string, width: number): string {
  const points = series(state, { columns: width, secondsPerColumn: secondsPerColumn(state, width) }, (bucket) => {
    let sum = 0;
    bucket.drops.forEach((key, skbs) => {
      if (state.directory.reasonAt(dropKeyParts(key).reason) === reason) sum += skbs;
    });
    return sum;
  });
  return columns(points, 1, highest(points))[0] ?? '';
}
