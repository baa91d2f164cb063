import { scrub } from '../lib/scrub.ts';
import type { AllowedFact } from '../model/allowed-by.ts';
import { denyForm, type DenyForm } from '../model/deny-form.ts';
import { refusalAt, type DropFact, type RefusalFact } from '../model/drop-facts.ts';
import { momentSecond, type DropFigure } from '../model/figures.ts';
import { pairHistory, type PairHistory } from '../model/pair-history.ts';
import type { State } from '../model/state.ts';

/** Everything the model knows of one drop at the state's moment: what causes and explanations are made from. */
export interface DropContext {
  state: State;
  drop: DropFigure;
  momentMs: number;
  fact: DropFact | undefined;
  refusal: RefusalFact | undefined;
  form: DenyForm;
  history: PairHistory;
  /** Who let the pair through before, the last named first. */
  allowedBy: readonly AllowedFact[];
}

/** Collects what is known of a drop. */
export function dropContext(state: State, drop: DropFigure): DropContext {
  const momentMs = momentSecond(state) * 1000;
  const fact = state.dropFacts.get(drop.key);
  const refusal = refusalAt(fact, momentMs);
  const history = pairHistory(state, drop);
  return { state, drop, momentMs, fact, refusal, form: denyForm(drop.reason, refusal), history, allowedBy: state.allowedBy.of(drop.pairId, history.firstDropMs ?? momentMs) };
}

/** Names of pods on one side of a drop, as `namespace/pod`; those that were seen. */
export function podsOf({ state, fact }: DropContext, side: 'sources' | 'destinations'): string[] {
  const names = [...(fact?.[side] ?? [])].flatMap((id) => {
    const endpoint = state.endpoints.get(id);
    return endpoint?.pod_name === undefined || endpoint.pod_name === '' ? [] : [`${scrub(endpoint.namespace ?? '', 63)}/${scrub(endpoint.pod_name, 120)}`];
  });
  return [...new Set(names)];
}

/** Identity numbers on one side of a drop. */
export function identitiesOf({ state, fact }: DropContext, side: 'sources' | 'destinations'): number[] {
  const one = side === 'sources' ? fact?.source : fact?.destination;
  const all = [one?.identity ?? 0, ...[...(fact?.[side] ?? [])].map((id) => state.endpoints.get(id)?.identity ?? 0)];
  return [...new Set(all)].filter((identity) => identity !== 0);
}

/** Of which end the refusal was: what it says itself, else what the drop events say; empty where nobody does. */
export function dropSide({ refusal, fact, drop }: Pick<DropContext, 'refusal' | 'fact' | 'drop'>): 'egress' | 'ingress' | '' {
  if (refusal !== undefined && refusal.direction !== '') return refusal.direction;
  return drop.class === 'pol' ? (fact?.direction ?? '') : '';
}

/** The end that refused: the client where it may not go out, the server where nobody may come in; undefined where nobody says. */
export function refusingEnd(context: DropContext): DropFigure['pair']['source'] | undefined {
  const side = dropSide(context);
  return side === '' ? undefined : side === 'egress' ? context.drop.pair.source : context.drop.pair.destination;
}
