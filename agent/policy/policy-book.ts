import type { Policy, PolicyObject } from './policy.ts';

/** Policies that are gone and still remembered. */
const MAX_REMOVED = 256;

/** One object that holds policies, and what became of it in an update. */
export interface PolicyChange {
  kind: 'policy-added' | 'policy-changed' | 'policy-removed';
  object: PolicyObject;
}

/** The policies in force, from one reading of the objects to the next: what says the same stays the same object. */
export class PolicyBook {
  /** Changes of policies so far; a policy's revision is the count when it last changed. */
  revision = 0;
  /** The last that were removed, with the revision at which they were. */
  readonly removed: { object: PolicyObject; revision: number }[] = [];
  private kept = new Map<string, { text: string; object: PolicyObject; revision: number }>();

  /** All policies in force. */
  get policies(): Policy[] {
    return [...this.kept.values()].flatMap(({ object }) => object.policies);
  }

  /** The objects in force, each with its revision. */
  objects(): { object: PolicyObject; revision: number }[] {
    return [...this.kept.values()];
  }

  /** The revision at which the object of a policy last changed; 0 for one that is gone. */
  revisionOf({ kind, namespace, name }: Pick<Policy, 'kind' | 'namespace' | 'name'>): number {
    return this.kept.get(objectKey({ kind, namespace, name }))?.revision ?? 0;
  }

  /** Takes all objects as they are now. */
  take(objects: readonly PolicyObject[]): PolicyChange[] {
    const changes: PolicyChange[] = [];
    const now = new Map<string, { text: string; object: PolicyObject; revision: number }>();
    for (const object of objects) {
      const key = objectKey(object);
      if (now.has(key)) continue;
      const before = this.kept.get(key);
      const text = contentOf(object);
      if (before?.text === text) {
        // who touched it last may be another one, though it says the same
        now.set(key, { ...before, object: { ...object, policies: before.object.policies } });
        continue;
      }
      now.set(key, { text, object, revision: this.revision + changes.push({ kind: before === undefined ? 'policy-added' : 'policy-changed', object }) });
    }
    for (const [key, { object }] of this.kept) {
      if (!now.has(key)) this.removed.push({ object, revision: this.revision + changes.push({ kind: 'policy-removed', object }) });
    }
    this.removed.splice(0, Math.max(0, this.removed.length - MAX_REMOVED));
    this.revision += changes.length;
    this.kept = now;
    return changes;
  }
}

function objectKey({ kind, namespace, name }: Pick<PolicyObject, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace}/${name}`;
}

function contentOf({ policies }: PolicyObject): string {
  return JSON.stringify(policies, (_key, value: unknown) => (value instanceof Uint8Array ? [...value].join() : value));
}
