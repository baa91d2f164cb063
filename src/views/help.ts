import type { KeyBinding, KeyGroup } from '../screen/keymap.ts';
import { keyName } from '../screen/keymap.ts';
import { exactly, left, line, type Line, type Piece } from '../screen/line.ts';
import { rule } from './rule.ts';
import type { View } from './view.ts';

const TITLES: Readonly<Record<KeyGroup, string>> = { views: 'VIEWS', pivot: 'PIVOT  adds a filter chip', list: 'LIST', time: 'TIME', take: 'TAKE AWAY', look: 'LOOK' };
/** Groups of each column of the page, and from which width on there are three. */
const PAGE: readonly (readonly KeyGroup[])[] = [['pivot', 'time'], ['views', 'list', 'take', 'look']];
const WIDE_PAGE: readonly (readonly KeyGroup[])[] = [['views', 'look'], ['pivot', 'time'], ['list', 'take']];
const WIDE = 120;

/** Marks of the screens and what they mean, below the first column. */
const MARKS: readonly (readonly [string, string])[] = [
  ['→ ←', 'a request, a reply'], ['·→·', 'an end with a dot reported it'], ['▲', 'reset, or loss on a node'], ['░ ≥', 'not all was seen, at least'],
];

/** Every key, made from the key table. */
export const help: View = {
  id: 'help',
  title: 'Help',
  short: 'Help',
  footer: ['back'],
  panels: [],
  move(state, action) {
    state.helpTop = action === 'first' ? 0 : Math.max(0, state.helpTop + (/up/.test(action) ? -1 : 1) * (/page|half/.test(action) ? 10 : 1));
  },
  render(state, size, context) {
    const page = size.cols >= WIDE ? WIDE_PAGE : PAGE;
    const width = Math.floor(size.cols / page.length);
    const columns = page.map((groups) => groups.flatMap((group) => groupLines(context.bindings, group, width)));
    columns[0]?.push(...markLines(width));
    const length = Math.max(...columns.map((column) => column.length));
    const rows = size.rows - 1;
    const top = Math.max(0, Math.min(state.helpTop, length - rows));
    const lines: Line[] = [];
    for (let i = top; i < Math.min(length, top + rows); i++) lines.push(line(size.cols, columns.flatMap((column) => column[i] ?? [' '.repeat(width)])));
    const more = length > rows ? `j k ${top + rows < length ? '▼ more' : '▲ more'}` : '';
    return exactly([rule(size.cols, 'HELP', '^c quits at once, ^z suspends', more || 'Esc closes'), ...lines], size);
  },
};

function markLines(width: number): Piece[][] {
  return [[[left(' MARKS', width), 'title']], ...MARKS.map(([mark, words]): Piece[] => [' ', [left(mark, 10), 'accent'], left(words, width - 11)])];
}

function groupLines(bindings: readonly KeyBinding[], group: KeyGroup, width: number): Piece[][] {
  const keys = bindings.filter((binding) => binding.group === group);
  const lines: Piece[][] = [[[left(` ${TITLES[group]}`, width), 'title']]];
  keys.forEach((binding, i) => {
    if (keys[i - 1]?.withNext !== undefined) return;
    const names = binding.withNext === undefined ? binding.keys : [...binding.keys, ...(keys[i + 1]?.keys ?? [])];
    lines.push([' ', [left(names.map(keyName).join(' '), 10), 'accent'], left(binding.withNext ?? binding.label, width - 11)]);
  });
  return [...lines, [' '.repeat(width)]];
}
