import type { Refusal } from './drop-facts.ts';

/** Whether nothing allowed a packet or a rule denied it; empty where nobody says, or no policy is involved. */
export type DenyForm = 'default deny' | 'named deny' | '';

/**
 * How a policy refused. POLICY_DENY is a deny rule by its number. For POLICY_DENIED our agents say which it was; of Hubble's
 * fields an empty *_denied_by of a policy verdict means a default deny, and so does one with names in it: Cilium gives a
 * deny rule the other number, and newer ones name a policy that selects the pod.
 */
export function denyForm(reason: string, refusal: Refusal | undefined): DenyForm {
  if (reason === 'POLICY_DENY') return 'named deny';
  if (reason !== 'POLICY_DENIED' || refusal === undefined) return '';
  return refusal.source !== 'flow' && refusal.deniedBy.length > 0 ? 'named deny' : 'default deny';
}
