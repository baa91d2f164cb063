import { say } from './changes.ts';
import type { Chip } from './chips.ts';
import { MAX_EFFECTS, type Effect } from './effects.ts';
import { hubbleCommand, type CommandSpan } from './hubble-command.ts';
import type { State } from './state.ts';

/** Asks the world for something; what comes too fast is dropped with a word. */
export function askFor(state: State, effect: Effect): void {
  if (state.effects.length >= MAX_EFFECTS) return say(state, 'too much at once: press again');
  state.effects.push(effect);
}

/** Longest text that the status line repeats of what was copied. */
const MAX_REPEATED = 60;

/** Copies a text; `what` is said of it, else the text itself where it is short. */
export function copyText(state: State, text: string, what?: string): void {
  const lines = text.split('\n').length;
  askFor(state, { type: 'copy', text, what: what ?? (text.length <= MAX_REPEATED ? text : lines > 1 ? `${lines} lines` : `${text.slice(0, MAX_REPEATED)} …`) });
}

/** Copies chips as the `hubble observe` line that asks for the same; of a moment of the past the line asks for the window shown. */
export function copyHubble(state: State, chips: readonly Chip[] = state.chips): void {
  const { line, notes } = hubbleCommand(chips, spanShown(state));
  copyText(state, line, notes[0] === undefined ? undefined : `the hubble line; ${notes[0]}`);
}

function spanShown({ pausedAtMs, windowSeconds }: State): CommandSpan {
  return pausedAtMs > 0 ? { sinceMs: pausedAtMs - windowSeconds * 1000, untilMs: pausedAtMs } : {};
}
