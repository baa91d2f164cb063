import { tryDecode } from '../wire/codec.ts';
import { PolicyCodec, type Policy } from '../wire/gen/flow.ts';
import { forEachPolicy } from '../wire/policy-scan.ts';
import { inferred, type ChangeLog } from './change-log.ts';
import { policyName, type PolicyBook } from './policy-book.ts';

/** Policies as flows wrote them, by node: what was read once is not read again. Forgotten all together. */
const MAX_KNOWN = 16_384;
/** Nodes whose revision is followed. */
const MAX_NODES = 5_000;
/** What is seen so soon after a new revision came with it; what is seen so soon after the first flow was there before. */
const SOON_MS = 60_000;

interface Revision {
  highest: number;
  /** When it was first seen. */
  sinceMs: number;
  /** The highest before it; 0 = none was seen. */
  before: number;
}

/** The part of the state that flows' policies touch. */
interface PolicyWorld {
  telemetry: 'unknown' | 'present' | 'absent';
  changes: ChangeLog;
  policies: PolicyBook;
  nodes: ReadonlyMap<string, { restarts: readonly number[] }>;
}

/** What flows tell of policies and their changes. */
export class FlowPolicies {
  private known = new Set<string>();
  private readonly revisions = new Map<string, Revision>();
  private firstMs = 0;
  private lastChangeMs = -Infinity;
  private readonly decoder = new TextDecoder('latin1');

  /** Reads the policies that a flow names; on a server without telemetry also what they say of changes. */
  take(state: PolicyWorld, flow: { bytes: Uint8Array; start: number; end: number; node: string; timeMs: number }): void {
    forEachPolicy(flow.bytes, flow.start, flow.end, (start, end) => {
      const key = `${flow.node} ${this.decoder.decode(flow.bytes.subarray(start, end))}`;
      if (this.known.has(key)) return;
      if (this.known.size >= MAX_KNOWN) this.known = new Set();
      this.known.add(key);
      const decoded = tryDecode(PolicyCodec, flow.bytes.subarray(start, end));
      if (decoded.ok) this.see(state, decoded.value, flow);
    });
  }

  private see(state: PolicyWorld, policy: Policy, { node, timeMs }: { node: string; timeMs: number }): void {
    this.firstMs = this.firstMs === 0 ? timeMs : this.firstMs;
    const isNew = !state.policies.knows(policy);
    const entry = state.policies.see(policy, timeMs);
    if (entry === undefined) return;
    const revision = Number(policy.revision ?? 0n);
    entry.revision = Math.max(entry.revision, revision);
    entry.firstSeenMs = Math.min(entry.firstSeenMs, timeMs);
    const came = this.follow(state, { node, revision, timeMs });
    if (!isNew || state.telemetry === 'present') return;
    // a policy that a known revision had already was there before, however late it is first named
    const isChange = revision > 0 ? came : timeMs - this.firstMs > SOON_MS;
    if (isChange) state.changes.add(inferred({ timeMs, node, kind: 'policy-seen', subject: policyName(policy), revision, detail: node === '' ? '' : `${node} saw it first` }));
  }

  /** Follows a node's revision; gives whether it rose just before. A revision is of a node's whole policy: any change raises it. */
  private follow(state: PolicyWorld, { node, revision, timeMs }: { node: string; revision: number; timeMs: number }): boolean {
    if (revision === 0) return false;
    const last = this.revisions.get(node);
    const restartedMs = state.nodes.get(node)?.restarts.at(-1) ?? 0;
    // an agent that began anew counts from one again
    if (last === undefined || (revision < last.highest && restartedMs > last.sinceMs)) {
      if (last !== undefined || this.revisions.size < MAX_NODES) this.revisions.set(node, { highest: revision, sinceMs: timeMs, before: 0 });
      return false;
    }
    if (revision > last.highest) {
      this.revisions.set(node, { highest: revision, sinceMs: timeMs, before: last.highest });
      this.tellRise(state, { node, revision, before: last.highest, timeMs });
      return true;
    }
    return revision === last.highest && last.before > 0 && timeMs - last.sinceMs < SOON_MS;
  }

  // a policy's change reaches all nodes within seconds, and each counts for itself: the first is told
  private tellRise(state: PolicyWorld, rise: { node: string; revision: number; before: number; timeMs: number }): void {
    if (state.telemetry === 'present' || Math.abs(rise.timeMs - this.lastChangeMs) < SOON_MS) return;
    this.lastChangeMs = rise.timeMs;
    state.changes.add(inferred({ timeMs: rise.timeMs, node: rise.node, kind: 'policy-revision', subject: 'some policy', detail: `${rise.node === '' ? 'a node' : rise.node} went from revision ${rise.before} to ${rise.revision}` }));
  }
}
