import { chipText, runsHere, type Chip } from '../model/chips.ts';
import { DROP_REASON_NUMBERS } from '../model/drop-words.ts';
import { countsFlows, type State } from '../model/state.ts';
import { lengthOf, middle, spread, type Line, type Piece } from '../screen/line.ts';

/** The filter: its chips in the order they were added, where they run, and where figures come from. */
export function filterLine(state: State, cols: number): Line {
  const { chips } = state;
  const label: Piece = [' filter ', 'dim'];
  if (chips.length === 0) {
    const source = countsFlows(state) ? `figures: flows ${state.replay === undefined ? 'received' : 'of the file'}` : 'figures: kernel counters, all traffic';
    return spread(cols, [label, ['none', 'dim'], [cols >= 110 ? '   p w n v o d pivot from the selected row' : '', 'dim']], [[`${source} `, 'dim']]);
  }
  const atRelay = chips.filter((chip) => !runsHere(chip, DROP_REASON_NUMBERS)).length;
  // a file is filtered here
  const [relay, source] = state.replay === undefined ? [`relay ${atRelay}/${chips.length} `, 'received'] : ['', 'of the file'];
  const ends = [`figures: flows ${source}   ${relay}  b back   x clear `, ` ${relay}b back x clear`, ' b back x clear', ' b x'];
  // words at the right give way before the chips do
  for (const end of cols >= 110 ? ends : ends.slice(1)) {
    const pieces = chipPieces(chips, Infinity);
    if (lengthOf(pieces) <= cols - label[0].length - end.length) return spread(cols, [label, ...pieces], [[end, 'dim']]);
  }
  const end = ends[2] ?? '';
  return spread(cols, [label, ...fitted(chips, cols - label[0].length - end.length)], [[end, 'dim']]);
}

/** Least and most characters of a value where not all fit. */
const [LEAST_VALUE, MOST_VALUE] = [8, 24];

// shorter values first; then the oldest chips become a number
function fitted(chips: readonly Chip[], room: number): Piece[] {
  for (let width = MOST_VALUE; width >= LEAST_VALUE; width -= 2) {
    const pieces = chipPieces(chips, width);
    if (lengthOf(pieces) <= room) return pieces;
  }
  for (let hidden = 1; hidden < chips.length; hidden++) {
    const pieces: Piece[] = [[`+${hidden} `, 'warn'], ...chipPieces(chips, LEAST_VALUE).slice(hidden * 3)];
    if (lengthOf(pieces) <= room) return pieces;
  }
  return chipPieces(chips, LEAST_VALUE).slice(-3);
}

const SHORT_FIELDS: readonly [RegExp, string][] = [[/-workload$/, '-wl'], [/-namespace$/, '-ns'], [/^protocol$/, 'proto'], [/^drop-reason$/, 'reason'], [/^tcp-flags$/, 'flags']];

function chipPieces(chips: readonly Chip[], valueWidth: number): Piece[] {
  return chips.flatMap((chip, i): Piece[] => [[`[${i + 1}]`, 'dim'], [valueWidth === Infinity ? chipText(chip) : shortChip(chip, valueWidth), 'accent'], ' ']);
}

function shortChip(chip: Chip, valueWidth: number): string {
  const [pattern, words] = SHORT_FIELDS.find(([candidate]) => candidate.test(chip.field)) ?? [/$^/, ''];
  return `${chip.isNegated ? '!' : ''}${chip.field.replace(pattern, words)}=${shortValue(chip.value, valueWidth)}`;
}

// the name says more than its namespace
function shortValue(value: string, width: number): string {
  return middle(value.length > width ? value.slice(value.indexOf('/') + 1) : value, width);
}
