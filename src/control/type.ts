import { say, setChips } from '../model/changes.ts';
import { parseChips } from '../model/chip-words.ts';
import { editPrompt, insert } from '../model/prompt.ts';
import type { State } from '../model/state.ts';
import { scrub } from '../lib/scrub.ts';
import { proposals, type Proposal } from '../views/proposals.ts';
import { act } from './act.ts';

/** What a key does while a prompt is open. */
export function promptKey(state: State, key: string): void {
  const { prompt } = state;
  if (prompt === undefined) return;
  switch (key) {
    case 'escape':
      state.prompt = undefined;
      return;
    case 'up': case 'C-p': return choose(state, -1);
    case 'down': case 'C-n': return choose(state, 1);
    case 'tab': return complete(state);
    case 'enter': return finish(state);
  }
  if (key === 'backspace' && prompt.text === '') state.prompt = undefined;
  else state.prompt = editPrompt(prompt, key) ?? prompt;
}

/** Puts pasted text into the open prompt, as one line. */
export function promptPaste(state: State, text: string): void {
  if (state.prompt !== undefined) state.prompt = insert(state.prompt, scrub(text.replaceAll(/\s+/g, ' ').trim(), 500));
}

function choose(state: State, step: number): void {
  const { prompt } = state;
  if (prompt === undefined) return;
  const last = proposals(state).length - 1;
  state.prompt = { ...prompt, chosen: Math.max(0, Math.min(last, prompt.chosen + step)) };
}

function chosen(state: State): Proposal | undefined {
  return state.prompt === undefined ? undefined : proposals(state)[state.prompt.chosen];
}

function complete(state: State): void {
  const { prompt } = state;
  const text = chosen(state)?.completion;
  if (prompt !== undefined && text !== undefined) state.prompt = { ...prompt, text, at: text.length, chosen: 0 };
}

function finish(state: State): void {
  const { prompt } = state;
  if (prompt?.kind === 'filter') return finishFilter(state, prompt.text);
  const proposal = chosen(state);
  if (proposal === undefined) return say(state, 'nothing of that name: Esc closes');
  state.prompt = undefined;
  if (proposal.action !== undefined) act(state, proposal.action);
  else if (proposal.chips !== undefined) setChips(state, [...proposal.chips]);
}

function finishFilter(state: State, text: string): void {
  const parsed = parseChips(text);
  if (!parsed.ok) return say(state, parsed.error);
  state.prompt = undefined;
  setChips(state, parsed.chips);
}
