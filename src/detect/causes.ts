import type { Cause } from './cause.ts';
import { identityCauses } from './causes-identity.ts';
import { otherCauses } from './causes-other.ts';
import { policyCauses } from './causes-policy.ts';
import type { DropContext } from './drop-context.ts';

/** What may have caused a drop, most likely first; empty where nothing that was seen explains it. */
export function likelyCauses(context: DropContext): Cause[] {
  const all = context.drop.class === 'pol' ? [...policyCauses(context), ...identityCauses(context), ...otherCauses(context)] : otherCauses(context);
  const sorted = all.toSorted((one, other) => Number(other.isCertain) - Number(one.isCertain) || RANK[one.kind] - RANK[other.kind] || other.timeMs - one.timeMs);
  // two things that both fit are two suspects, whatever the refusal names
  return sorted.length > 1 && sorted.some((cause) => cause !== sorted[0] && cause.kind !== 'pod') ? sorted.map((cause) => ({ ...cause, isCertain: false })) : sorted;
}

/** Of equals the more telling first: what a refused packet itself shows before what only happened at the time. */
const RANK = { identity: 0, policy: 1, pod: 2, server: 3, gone: 4, table: 5 } as const;
