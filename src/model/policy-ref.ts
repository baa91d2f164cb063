import type { Policy } from '../wire/gen/flow.ts';
import { scrub } from '../lib/scrub.ts';
import { policyName } from './policy-book.ts';

/** A policy as a report or a flow names it. Texts are scrubbed. */
export interface PolicyRef {
  /** `namespace/name`, or the name alone where it is cluster-wide. */
  name: string;
  /** As Kubernetes spells it; empty where nobody says. */
  kind: string;
  /** 0 = none. Cilium gives the revision of all policies of the node, our agents that of this one. */
  revision: number;
}

/** Policies of one list at most: what a hostile list names beyond is left out. */
const MAX_LISTED = 8;

/** The named policies of a list. */
export function policyRefs(policies: readonly Policy[] | undefined): PolicyRef[] {
  return (policies ?? []).slice(0, MAX_LISTED).flatMap((policy) => policyRef(policy) ?? []);
}

/** A policy as a name, kind and revision; undefined for one without a name. */
export function policyRef(policy: Policy | undefined): PolicyRef | undefined {
  const name = policyName(policy);
  return name === '' ? undefined : { name, kind: scrub(policy?.kind ?? '', 60), revision: Number(policy?.revision ?? 0n) };
}
