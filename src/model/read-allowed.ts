import { tryDecode } from '../wire/codec.ts';
import { FlowCodec, type Policy } from '../wire/gen/flow.ts';
import { policyRefs } from './policy-ref.ts';
import type { State } from './state.ts';

/** What the scan knows of an allowed policy verdict. */
export interface AllowedFlow {
  pair: number;
  timeMs: number;
  node: number;
}

/** Reads an allowed verdict whole, for who let the pair through; for those few that AllowedBook.mayRead() lets through. */
export function readAllowed(state: State, allowed: AllowedFlow, bytes: Uint8Array): void {
  const decoded = tryDecode(FlowCodec, bytes);
  if (!decoded.ok) return;
  const { egress_allowed_by: egress, ingress_allowed_by: ingress } = decoded.value;
  noteAllowed(state, allowed, { policies: egress, direction: 'egress' });
  noteAllowed(state, allowed, { policies: ingress, direction: 'ingress' });
}

/** Takes in who let a pair through, as a report or a flow says. */
export function noteAllowed(state: State, allowed: { pair: number; timeMs: number }, by: { policies: readonly Policy[] | undefined; direction: 'egress' | 'ingress' | '' }): void {
  const refs = policyRefs(by.policies);
  state.allowedBy.note(allowed.pair, { policies: refs, direction: by.direction }, allowed.timeMs);
  for (const policy of (by.policies ?? []).slice(0, refs.length)) state.policies.see(policy, allowed.timeMs);
}
