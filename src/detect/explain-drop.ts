import { clockText, rateWords } from '../model/clock-text.ts';
import { MAX_DROPS } from '../model/drop-facts.ts';
import { figures, type DropFigure, type Figures } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import { likelyCauses } from './causes.ts';
import type { Cause } from './cause.ts';
import { dropContext, type DropContext } from './drop-context.ts';
import { policyLines } from './explain-policies.ts';
import { explainSays } from './explain-says.ts';
import { hubbleLine, nextSteps, undoStep } from './explain-steps.ts';
import { explainTitle, explainWhat, explainWords } from './explain-words.ts';
import type { Explanation } from './explanation.ts';

const made = new WeakMap<Figures, Map<number, Explanation>>();

/** Why a drop happened and what to do, as far as the data bears it; made once for each moment. */
export function explainDrop(state: State, drop: DropFigure): Explanation {
  const now = figures(state);
  const known = made.get(now) ?? new Map<number, Explanation>();
  made.set(now, known);
  const explanation = known.get(drop.key) ?? explain(dropContext(state, drop));
  known.set(drop.key, explanation);
  return explanation;
}

function explain(context: DropContext): Explanation {
  const causes = likelyCauses(context);
  const { undo, note } = undoStep(causes);
  return {
    title: explainTitle(context),
    what: explainWhat(context),
    words: explainWords(context),
    says: explainSays(context),
    policies: policyLines(context),
    ...beforeAfter(context),
    causes,
    unknown: unknowns(context, causes),
    next: nextSteps(context, causes),
    undo,
    undoNote: note,
    hubble: hubbleLine(context),
  };
}

function beforeAfter({ history, allowedBy }: DropContext): { before: string; after: string } {
  const { firstDropMs, answeredUntilMs, answeredPerSecond, droppedPerSecond, wasThere } = history;
  const after = firstDropMs === undefined ? '' : `${clockText(firstDropMs)} DROPPED ${rateWords(droppedPerSecond)}/s`;
  if (wasThere) return { before: `dropped as soon as hubtop looked, ${clockText(history.lookedMs)}: nothing is known of the time before`, after };
  if (answeredUntilMs === undefined) return { before: firstDropMs === undefined ? '' : 'the pair was never seen to work', after };
  const by = [...new Set(allowedBy.map(({ policy }) => policy.name))].slice(0, 2).join(', ');
  return { before: `${clockText(answeredUntilMs)} answered ${rateWords(answeredPerSecond)}/s${by === '' ? '' : `, ALLOWED by ${by}`}`, after };
}

function unknowns(context: DropContext, causes: readonly Cause[]): string[] {
  const { state, drop, refusal, history } = context;
  const list: string[] = context.fact === undefined && state.dropFacts.forgottenCount > 0 ? [`what was said of it: more than ${MAX_DROPS} different drops were remembered at once, this one was forgotten`] : [];
  if (drop.class === 'pol' && state.telemetry === 'absent') list.push('which policies select the pod, which rule came closest and who changed what: a Hubble relay does not say');
  else if (drop.class === 'pol' && refusal === undefined) list.push('which policy it was: no node has said so');
  if (history.wasThere) list.push(causes.length > 0 ? 'whether the pair worked before that' : 'what it began with: it was there before');
  else if (causes.length === 0 && drop.class === 'pol' && history.firstDropMs !== undefined) list.push(history.answeredUntilMs === undefined ? 'what is new about it: nothing was seen to change' : 'what changed: no change of a policy, an identity or a pod was seen in the 2 min before');
  return list;
}
