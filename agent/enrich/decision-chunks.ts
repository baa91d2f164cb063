import { FlowCodec } from '../../src/wire/gen/flow.ts';
import { refusalChunk, summaryChunk } from '../../src/wire/flow-template.ts';
import { EventType } from '../decode/event.ts';
import type { Decision } from '../policy/decisions.ts';
import { decidingPolicies, refusalOf, refusalWords } from './decision-words.ts';
import type { RowContext } from './row-context.ts';
import type { RowView } from './row-view.ts';

/** Encoded parts that are kept; beyond, all are made anew. */
const MAX_KEPT = 4_096;
const EMPTY = new Uint8Array(0);

/** What a flow says of policies, as encoded fields. */
export interface DecisionChunks {
  /** `*_allowed_by`, `*_denied_by`. */
  policies: Uint8Array;
  /** Of a refusal, instead of the packet's own summary. */
  summary: Uint8Array;
}

/** Encodes what policies decided, the same question once. */
export class DecisionEncoder {
  private readonly chunks = new Map<string, DecisionChunks>();
  private readonly refusals = new Map<string, Uint8Array>();

  constructor(private readonly context: RowContext) {}

  /** Of the row in `view`; undefined where no policy decided, or nobody remembers which. `usualText` gives the summary of a packet without policies. */
  of(view: RowView, usualText: (view: RowView) => string): DecisionChunks | undefined {
    const decision = this.decisionOf(view);
    if (decision === undefined) return undefined;
    const revision = this.revisionOf(view);
    const usualSummary = usualText(view);
    const key = `${decision.number} ${revision} ${usualSummary}`;
    const known = this.chunks.get(key);
    if (known !== undefined) return known;
    const policies = decidingPolicies(decision, revision);
    const field = `${decision.direction}_${decision.kind === 'allow' ? 'allowed' : 'denied'}_by` as const;
    const made = {
      policies: policies.length === 0 ? EMPTY : FlowCodec.encode({ [field]: policies }),
      summary: decision.kind === 'allow' ? EMPTY : summaryChunk(`${usualSummary}${usualSummary === '' ? '' : '; '}${refusalWords(decision)}`),
    };
    if (this.chunks.size >= MAX_KEPT) this.chunks.clear();
    this.chunks.set(key, made);
    return made;
  }

  /** The refusal for a flow's extension; empty where nothing was refused. */
  refusal(view: RowView): Uint8Array {
    const decision = this.decisionOf(view);
    if (decision === undefined || decision.kind === 'allow') return EMPTY;
    const { sourceVersion: source, destinationVersion: destination, protocol } = view;
    const revision = this.revisionOf(view);
    const port = view.hasPorts ? view.destinationPort : view.icmpType;
    const key = `${decision.number} ${revision} ${source.ref} ${source.labels} ${destination.ref} ${destination.labels} ${protocol} ${port}`;
    const known = this.refusals.get(key);
    if (known !== undefined) return known;
    const made = refusalChunk(refusalOf(decision, { source: source.end, destination: destination.end, protocol, port }, revision));
    if (this.refusals.size >= MAX_KEPT) this.refusals.clear();
    this.refusals.set(key, made);
    return made;
  }

  private decisionOf(view: RowView): Decision | undefined {
    const { policy, type } = view;
    // a trace is of a packet that passed, whatever was said of its connection
    return policy === 0 || type === EventType.trace ? undefined : this.context.policies?.decision(policy);
  }

  private revisionOf(view: RowView): number {
    return this.context.policies?.revisionAt(view.timeNs) ?? 0;
  }
}
