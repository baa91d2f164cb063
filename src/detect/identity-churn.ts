import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import type { State } from '../model/state.ts';
import { causedDrops, joinedFinding } from './caused-drops.ts';
import type { Detector } from './detector.ts';

/** Pairs that worked until a workload got another identity, which the policy maps have yet to learn. */
export const identityChurn: Detector = {
  id: 'identity-churn',
  title: 'an identity changed, and the new one is refused',
  find: (state: State, now: Figures): Finding[] => causedDrops(state, now, 'identity').flatMap((group) => joinedFinding(group, {
    word: 'IDENT', why: `identity ${group.cause.identity ?? 0} is new, its packets refused`, brief: 'new identity',
  }) ?? []),
};
