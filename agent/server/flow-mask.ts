import { Code, RpcError } from '../../src/rpc/status.ts';
import { type MaskTree, applyFieldMask, compileFieldMask } from '../../src/wire/field-mask.ts';
import { FRAME_PREFIX_BYTES } from '../../src/wire/frame-splitter.ts';
import { type Flow, FlowCodec } from '../../src/wire/gen/flow.ts';
import type { FieldMask } from '../../src/wire/gen/google.ts';
import { GetFlowsResponseCodec } from '../../src/wire/gen/observer.ts';
import type { RowContext } from '../enrich/row-context.ts';
import type { RowView } from '../enrich/row-view.ts';
import { RowWriter } from '../enrich/row-writer.ts';

/** Each path is looked up; a Flow has about 200. */
const MAX_PATHS = 1_024;

/** Cuts flows down to the fields a client asked for. The slow way: the whole flow is written, read, cut and written again. */
export class FlowMask {
  private readonly writer: RowWriter;

  constructor(private readonly tree: MaskTree, context: RowContext) {
    this.writer = new RowWriter(context);
  }

  /** An encoded GetFlowsResponse; its time and node_name are those of the masked flow, as Hubble's server has it. */
  apply(view: RowView, hasExtension: boolean): Uint8Array {
    const { frames } = this.writer;
    frames.reset();
    this.writer.write(view, hasExtension);
    return this.cut(frames.bytes().slice(FRAME_PREFIX_BYTES));
  }

  /** The same for an encoded GetFlowsResponse. */
  cut(encoded: Uint8Array): Uint8Array {
    const whole = GetFlowsResponseCodec.decode(encoded);
    const flow = applyFieldMask<Flow>(this.tree, whole.flow ?? {});
    return GetFlowsResponseCodec.encode({ flow, node_name: flow.node_name, time: flow.time });
  }
}

/** Builds a mask; undefined when everything is wanted. Throws the RpcError of a path that does not exist. */
export function compileMask(mask: FieldMask | undefined, context: RowContext): FlowMask | undefined {
  const paths = mask?.paths ?? [];
  if (paths.length === 0) return undefined;
  if (paths.length > MAX_PATHS) throw new RpcError(Code.INVALID_ARGUMENT, `more than ${MAX_PATHS} paths in the field mask`);
  const tree = compileFieldMask(FlowCodec as Parameters<typeof compileFieldMask>[0], paths);
  if (!tree.ok) throw new RpcError(Code.UNKNOWN, tree.error);
  return new FlowMask(tree.value, context);
}
