import type { Prompt } from '../model/prompt.ts';
import type { State } from '../model/state.ts';
import { left, line, middle, type Line, type Piece, type Size } from '../screen/line.ts';
import { proposals, wordsOf } from './proposals.ts';

/** The prompt in place of the filter line. */
export function promptLine(prompt: Prompt, cols: number): Line {
  const label: Piece = [prompt.kind === 'filter' ? ' / ' : ' : ', 'accent'];
  // a long text moves so that the cursor stays in sight
  const from = Math.max(0, prompt.at - (cols - 8));
  const shown = prompt.text.slice(from);
  const pieces: Piece[] = prompt.kind === 'filter' ? wordsOf(shown).map(({ word, isGood }): Piece => [word, isGood ? 'accent' : 'warn']) : [shown];
  return line(cols, [label, ...withCursor(pieces, prompt.at - from)]);
}

// the cursor is a bar between two characters: a reversed cell is not to be had in mono, where everything selected is
function withCursor(pieces: readonly Piece[], at: number): Piece[] {
  const made: Piece[] = [];
  let passed = 0;
  let isPlaced = false;
  for (const piece of pieces) {
    const [text, role] = typeof piece === 'string' ? [piece, 'text' as const] : piece;
    if (!isPlaced && at <= passed + text.length) {
      made.push([text.slice(0, at - passed), role], ['▏', 'accent'], [text.slice(at - passed), role]);
      isPlaced = true;
    } else made.push(piece);
    passed += text.length;
  }
  return isPlaced ? made : [...made, ['▏', 'accent']];
}

/** What the prompt offers, for the first rows of the body. */
export function proposalLines(state: State, size: Size): Line[] {
  const { cols } = size;
  const { prompt } = state;
  const list = proposals(state);
  if (prompt === undefined) return [];
  const keys = prompt.kind === 'filter' ? 'Tab completes   Enter sets the filter   Esc leaves it as it was' : 'Enter does it   Esc closes';
  const rows = list.slice(0, Math.max(1, size.rows - 2)).map((proposal, i) => {
    const isChosen = i === prompt.chosen;
    const width = Math.floor(cols * 0.5);
    return line(cols, [isChosen ? [' ► ', 'accent'] : '   ', left(middle(proposal.text, width - 1), width), [left(proposal.note, cols - width - 16), 'dim'], [proposal.key, 'accent']], isChosen ? 'selected' : undefined);
  });
  if (rows.length === 0) rows.push(line(cols, [['   nothing like that', 'dim']]));
  return [...rows, line(cols, [[`   ${keys}`, 'dim']])];
}
