import { chipPasses } from '../model/chip-passes.ts';
import { chipText } from '../model/chips.ts';
import type { State } from '../model/state.ts';
import { grouped } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece } from '../screen/line.ts';

/** What stands where no flow does: why, and with a filter what each chip alone would let through. */
export function emptyFlows(state: State, cols: number): Line[] {
  if (state.flows.error !== '') return [line(cols, ['   ', [`the flow stream failed: ${state.flows.error}`, 'warn']])];
  if (state.chips.length === 0) return [line(cols, [['   no flow yet', 'dim']])];
  const counts = state.chips.map((chip) => chipPasses(state, chip));
  return [
    line(cols, ['   no flow has passed this filter yet']),
    line(cols, []),
    ...state.chips.map((chip, i) => chipLine(state, { text: `[${i + 1}] ${chipText(chip)}`, count: counts[i], cols })),
    line(cols, []),
    line(cols, [[counts.every((count) => count !== undefined && count >= 0.5) ? '   each of them lets flows through, together they do not' : '', 'dim']]),
    line(cols, [['   b takes the last one back, x clears all', 'dim']]),
  ];
}

function chipLine(state: State, chip: { text: string; count: number | undefined; cols: number }): Line {
  const width = Math.max(20, Math.min(60, chip.cols - 46));
  const pieces: Piece[] = ['   ', left(middle(chip.text, width), width), ' '];
  if (chip.count === undefined) pieces.push([right('?', 10), 'dim'], ['  not counted by itself', 'dim']);
  else if (chip.count < 0.5) pieces.push([right('0', 10), 'warn'], [`  in ${state.windowSeconds} s: this one stops all`, 'warn']);
  else pieces.push(right(grouped(chip.count), 10), [`  in ${state.windowSeconds} s pass it alone`, 'dim']);
  return line(chip.cols, pieces);
}
