import type { Policy as WirePolicy } from '../../src/wire/gen/flow.ts';
import { TrafficDirection } from '../../src/wire/gen/flow.ts';
import type { Refusal } from '../../src/wire/gen/hubtop.ts';
import { closestRule } from '../policy/closest-rule.ts';
import type { Decision } from '../policy/decisions.ts';
import type { Attempt } from '../policy/evaluate.ts';
import { type Policy, policyName } from '../policy/policy.ts';

/** Policies that a text names; more are counted. */
const MAX_NAMED = 3;
const PARTS = /; /;

/** A policy as flows and reports name it; its revision is its node's count of policy changes. */
export function wirePolicy({ kind, namespace, name }: Pick<Policy, 'kind' | 'namespace' | 'name'>, revision: number): WirePolicy {
  return { name, ...(namespace === '' ? {} : { namespace }), revision: BigInt(revision), kind };
}

/** The policies of a decision: those whose rules matched, each once. */
export function decidingPolicies({ by }: Decision, revision: number): WirePolicy[] {
  return [...new Map(by.map(({ policy }) => [`${policy.kind} ${policyName(policy)}`, wirePolicy(policy, revision)])).values()];
}

/** Why a connection was refused, for those who ask for extensions and for telemetry. */
export function refusalOf(decision: Decision, attempt: Attempt, revision: number): Refusal {
  const direction = decision.direction === 'egress' ? TrafficDirection.EGRESS : TrafficDirection.INGRESS;
  if (decision.kind === 'deny') return { denied_by: decidingPolicies(decision, revision), direction, revision };
  const closest = closestRule(decision.selecting, attempt, decision.direction);
  return {
    selecting: decision.selecting.map((policy) => wirePolicy(policy, revision)), direction, revision,
    ...(closest === undefined ? {} : { closest: { policy: wirePolicy(closest.policy, revision), rule: closest.rule.path, misses: closest.missing.split(PARTS) } }),
  };
}

/** What a refusal's summary says: who refused. */
export function refusalWords({ kind, by, selecting }: Decision): string {
  const policies = [...new Set((kind === 'deny' ? by.map(({ policy }) => policy) : selecting).map((policy) => `${policyName(policy)} (${policy.kind})`))];
  const named = `${policies.slice(0, MAX_NAMED).join(', ')}${policies.length > MAX_NAMED ? ` and ${policies.length - MAX_NAMED} more` : ''}`;
  return kind === 'deny' ? `denied by ${named}` : `no rule of ${named} allows it`;
}
