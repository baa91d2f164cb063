import { tryDecode } from '../wire/codec.ts';
import { FlowCodec, type Policy } from '../wire/gen/flow.ts';
import { SETTLED_MS } from './note-identity.ts';
import { policyName } from './policy-book.ts';
import { policyRefs } from './policy-ref.ts';
import type { State } from './state.ts';

/** Policies of one flow that are looked at. */
const MAX_READ = 16;

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
  noteRevision(state, allowed, [...(egress ?? []), ...(ingress ?? [])].slice(0, MAX_READ));
  noteAllowed(state, allowed, { policies: egress, direction: 'egress' });
  noteAllowed(state, allowed, { policies: ingress, direction: 'ingress' });
}

// a node counts one up with every policy that is added, changed or removed; a Hubble relay says no more than that
function noteRevision(state: State, { timeMs, node }: AllowedFlow, policies: readonly Policy[]): void {
  if (state.telemetry === 'present' || policies.length === 0) return;
  const highest = Math.max(...policies.map((policy) => Number(policy.revision ?? 0n)));
  if (state.allowedBy.risen(node, highest) === undefined || timeMs < state.flows.openedMs + SETTLED_MS) return;
  const fresh = policies.map(policyName).find((name) => name !== '' && state.policies.find(name) === undefined);
  state.changes.add({
    timeMs, node: state.nodeNames.get(node), kind: fresh === undefined ? 'policy-revision' : 'policy-seen', subject: fresh ?? 'some policy', detail: '', who: '', revision: 0,
    oldIdentity: 0, newIdentity: 0, isInferred: true,
  });
}

/** Takes in who let a pair through, as a report or a flow says. */
export function noteAllowed(state: State, allowed: { pair: number; timeMs: number }, by: { policies: readonly Policy[] | undefined; direction: 'egress' | 'ingress' | '' }): void {
  const refs = policyRefs(by.policies);
  state.allowedBy.note(allowed.pair, { policies: refs, direction: by.direction }, allowed.timeMs);
  for (const policy of (by.policies ?? []).slice(0, refs.length)) state.policies.see(policy, allowed.timeMs);
}
