import type { Policy } from '../wire/gen/flow.ts';
import type { PolicyFact } from '../wire/gen/hubtop.ts';
import { scrub } from '../lib/scrub.ts';
import { timestampMs } from './time.ts';

/** Policies remembered. */
export const MAX_POLICIES = 4_096;

/** What is known of one policy. */
export interface PolicyEntry {
  /** `namespace/name`, or the name alone where it is cluster-wide. */
  name: string;
  kind: string;
  /** Highest that was seen; 0 = nobody says. */
  revision: number;
  /** Last change; 0 = not known. */
  changedMs: number;
  who: string;
  operation: string;
  isRemoved: boolean;
  /** When it was first seen here, in a report or a flow. */
  firstSeenMs: number;
}

/** The policies of the cluster as far as reports and flows name them, with their last change. */
export class PolicyBook {
  /** Policies that found no place. */
  overflowCount = 0;
  private readonly policies = new Map<string, PolicyEntry>();

  /** Takes a reported fact in; an older revision than the known one changes nothing. */
  take(fact: PolicyFact, nowMs: number): void {
    const entry = this.see(fact.policy, nowMs);
    if (entry === undefined) return;
    const revision = Number(fact.policy?.revision ?? 0n);
    if (revision < entry.revision) return;
    Object.assign(entry, {
      revision, changedMs: timestampMs(fact.changed) || entry.changedMs, who: scrub(fact.who ?? '', 80), operation: scrub(fact.operation ?? '', 20), isRemoved: fact.is_removed === true,
    });
  }

  /** Whether a policy was met before. */
  knows(policy: Policy): boolean {
    return this.policies.has(keyOf(policy));
  }

  /** Notes that a policy exists; gives its entry, undefined when there is no room or no name. */
  see(policy: Policy | undefined, nowMs: number): PolicyEntry | undefined {
    const name = policyName(policy);
    if (policy === undefined || name === '') return undefined;
    const key = keyOf(policy);
    const known = this.policies.get(key);
    if (known !== undefined) return known;
    if (this.policies.size >= MAX_POLICIES) return void this.overflowCount++;
    const entry: PolicyEntry = { name, kind: scrub(policy.kind ?? '', 60), revision: Number(policy.revision ?? 0n), changedMs: 0, who: '', operation: '', isRemoved: false, firstSeenMs: nowMs };
    this.policies.set(key, entry);
    return entry;
  }

  /** A policy by name, of whatever kind. */
  find(name: string): PolicyEntry | undefined {
    for (const entry of this.policies.values()) if (entry.name === name) return entry;
    return undefined;
  }

  all(): PolicyEntry[] {
    return [...this.policies.values()];
  }
}

function keyOf(policy: Policy): string {
  return `${scrub(policy.kind ?? '', 60)} ${policyName(policy)}`;
}

/** `namespace/name` of a policy, scrubbed; empty for none. */
export function policyName(policy: Policy | undefined): string {
  const name = scrub(policy?.name ?? '', 253);
  const namespace = scrub(policy?.namespace ?? '', 63);
  return name === '' || namespace === '' ? name : `${namespace}/${name}`;
}
