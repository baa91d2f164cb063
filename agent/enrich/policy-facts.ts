import type { PolicyFact } from '../../src/wire/gen/hubtop.ts';
import { timestampOf } from '../../src/wire/timestamp.ts';
import type { PolicyBook } from '../policy/policy-book.ts';
import type { PolicyObject } from '../policy/policy.ts';
import { wirePolicy } from './decision-words.ts';

/** All policies are told this often, for whoever came meanwhile. */
const EVERY_NS = 10_000_000_000n;
const NS_PER_MS = 1_000_000n;

/** What reports say of policies and of who changed them last: those that changed at once, and all of them again and again. */
export class PolicyFacts {
  private toldRevision = 0;
  private toldAllNs = 0n;

  constructor(private readonly book: PolicyBook) {}

  /** Facts for the report of this moment. */
  take(nowNs: bigint): PolicyFact[] {
    const isAll = nowNs - this.toldAllNs >= EVERY_NS;
    const since = this.toldRevision;
    this.toldRevision = this.book.revision;
    if (isAll) this.toldAllNs = nowNs;
    return [
      ...this.book.objects().filter(({ revision }) => isAll || revision > since).map(({ object, revision }) => factOf(object, revision)),
      ...this.book.removed.filter(({ revision }) => revision > since).map(({ object, revision }): PolicyFact => ({ policy: wirePolicy(object, revision), who: 'unknown', is_removed: true })),
    ];
  }
}

function factOf(object: PolicyObject, revision: number): PolicyFact {
  const { who, operation, changed } = object;
  const changedMs = Date.parse(changed);
  return { policy: wirePolicy(object, revision), who, operation, ...(Number.isNaN(changedMs) ? {} : { changed: timestampOf(BigInt(changedMs) * NS_PER_MS) }) };
}
