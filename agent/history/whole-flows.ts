import type { FlowView } from '../../src/flow/flow-view.ts';
import { flowViewOf } from '../../src/flow/view-of-flow.ts';
import type { Flow } from '../../src/wire/gen/flow.ts';
import { type FlowExtension, FlowExtensionCodec } from '../../src/wire/gen/hubtop.ts';
import { GetFlowsResponseCodec } from '../../src/wire/gen/observer.ts';

/** Flows kept by default; one of an application is about two kilobytes. */
export const DEFAULT_WHOLE_CAPACITY = 1_023;
const EXTENSION_URL = 'type.googleapis.com/hubtop.v1.FlowExtension';

interface Entry {
  flow: Flow;
  extension: FlowExtension | undefined;
  view: FlowView;
  /** Made when somebody asks, for those without and with the extension. */
  plain: Uint8Array | undefined;
  extended: Uint8Array | undefined;
}

/** What went in, since the start. */
export interface WholeCounts {
  happened: number;
  byVerdict: ReadonlyMap<number, number>;
}

/**
 * The history of what does not fit into rows: flows as they are, such as the records of applications. Bounded, the oldest
 * go first, numbered as they came like rows. They are to come in the order of time; complete() says up to when all have.
 */
export class WholeFlows {
  /** False until the first flow or promise: readers need not look. */
  isOpen = false;
  private readonly entries: (Entry | undefined)[];
  private next = 0;
  private completeUntilNs = 0n;
  private readonly byVerdict = new Map<number, number>();

  constructor(readonly capacity: number = DEFAULT_WHOLE_CAPACITY) {
    this.entries = Array.from({ length: capacity }, () => undefined);
  }

  /** Takes a flow with all its fields, but without an extension: that stands beside it. */
  add(flow: Flow, extension?: FlowExtension): void {
    this.isOpen = true;
    this.entries[this.next++ % this.capacity] = { flow, extension, view: flowViewOf(flow), plain: undefined, extended: undefined };
    const verdict = flow.verdict ?? 0;
    this.byVerdict.set(verdict, (this.byVerdict.get(verdict) ?? 0) + 1);
  }

  /** No flow older than this will come (wall clock); never goes back. */
  complete(wallNs: bigint): void {
    this.isOpen = true;
    if (wallNs > this.completeUntilNs) this.completeUntilNs = wallNs;
  }

  get completeNs(): bigint {
    return this.completeUntilNs;
  }

  counts(): WholeCounts {
    return { happened: this.next, byVerdict: this.byVerdict };
  }

  /** Number of the next flow to come. */
  head(): number {
    return this.next;
  }

  /** Number of the oldest that is still here. */
  oldest(): number {
    return Math.max(0, this.next - this.capacity);
  }

  /** What filters ask; undefined for a flow that is gone or not there yet. */
  look(number: number): FlowView | undefined {
    return this.entry(number)?.view;
  }

  flow(number: number): Flow | undefined {
    return this.entry(number)?.flow;
  }

  /** The encoded GetFlowsResponse. */
  encoded(number: number, hasExtension: boolean): Uint8Array | undefined {
    const entry = this.entry(number);
    if (entry === undefined) return undefined;
    if (!hasExtension || entry.extension === undefined) return entry.plain ??= encode(entry.flow);
    return entry.extended ??= encode({ ...entry.flow, extensions: { type_url: EXTENSION_URL, value: FlowExtensionCodec.encode(entry.extension) } });
  }

  private entry(number: number): Entry | undefined {
    return number >= this.oldest() && number < this.next ? this.entries[number % this.capacity] : undefined;
  }
}

function encode(flow: Flow): Uint8Array {
  return GetFlowsResponseCodec.encode({ flow, node_name: flow.node_name, time: flow.time });
}
