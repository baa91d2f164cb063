import { ruleFile } from '../detect/rule-file.ts';
import { say } from '../model/changes.ts';
import type { DropFigure } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import { askFor } from '../model/take-away.ts';

/** Asks for a new file with the smallest policy that would allow a drop's pair; says why where there is none. */
export function writeRule(state: State, drop: DropFigure): void {
  const file = ruleFile(state, drop);
  if (typeof file === 'string') return say(state, file);
  askFor(state, { type: 'write', stem: file.stem, ending: '.yaml', text: file.text, what: 'a rule to review' });
}
