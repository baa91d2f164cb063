import { spanWords } from '../model/clock-text.ts';
import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import type { State } from '../model/state.ts';
import { causedDrops, joinedFinding } from './caused-drops.ts';
import type { Detector } from './detector.ts';

/** Pairs that worked until a policy was changed: one finding for the change, in place of one for each pair. */
export const policyEdit: Detector = {
  id: 'policy-edit',
  title: 'a policy was changed, and what it had allowed is dropped',
  find: policyFindings,
};

function policyFindings(state: State, now: Figures): Finding[] {
  return causedDrops(state, now, 'policy').flatMap((group) => {
    const { policy, timeMs } = group.cause;
    const since = Math.min(...group.drops.map(({ finding }) => finding.sinceMs));
    const name = policy === undefined ? 'some policy' : `${policy.name}${policy.revision > 0 ? ` rev ${policy.revision}` : ''}`;
    const who = policy === undefined || policy.who === '' ? '' : ` by ${policy.who}`;
    return joinedFinding(group, { word: 'POLICY', why: `${name}${who}, ${spanWords(since - timeMs)} before`, brief: policy === undefined ? 'policy changed' : BRIEF[policy.done] }) ?? [];
  });
}

const BRIEF = { added: 'policy added', changed: 'policy changed', removed: 'policy removed', seen: 'policy seen' } as const;
