import type { RowView } from '../model/flow-rows.ts';
import { extensionOf, flowOfRow } from '../model/row-flow.ts';
import type { State } from '../model/state.ts';
import { FlowCodec, type Flow } from '../wire/gen/flow.ts';
import { FlowExtensionCodec } from '../wire/gen/hubtop.ts';
import { GetFlowsResponseCodec } from '../wire/gen/observer.ts';
import { toJson } from '../wire/json.ts';
import { scrub } from '../lib/scrub.ts';
import { line, type Line, type Size } from '../screen/line.ts';
import { rule } from './rule.ts';

/** Longest line of JSON looked at: what a hostile flow may hold. */
const MAX_CELLS = 4_000;
/** Cells a line has on the narrowest screen. */
const NARROWEST = 78;
/** Lines shown at most. */
const MAX_LINES = 2_000;

/** A row's flow as `hubble observe -o jsonpb` prints it, one line, true to the byte; undefined where it does not decode. */
export function flowJson(state: State, row: RowView): string | undefined {
  const flow = flowOfRow(state, row);
  if (flow === undefined) return undefined;
  const plain: Flow = { ...flow };
  // readers of hubble's JSON know no type of ours
  delete plain.extensions;
  return toJson(GetFlowsResponseCodec, { flow: plain, node_name: flow.node_name ?? '', time: flow.time });
}

/** Lines the JSON of a row has on the narrowest screen: as far as it can be scrolled. */
export function jsonHeight(state: State, row: RowView): number {
  return jsonLines(state, row, NARROWEST).length;
}

/** The flow as JSON, indented and scrubbed, from a line on; what an agent of ours adds stands below it. */
export function flowJsonPage(state: State, row: RowView, size: Size): Line[] {
  const { cols } = size;
  const texts = jsonLines(state, row, cols - 2);
  const rows = size.rows - 1;
  const top = Math.max(0, Math.min(state.stream.jsonTop, texts.length - rows));
  const more = texts.length > rows ? `j k ${top + rows < texts.length ? '▼ more' : '▲ more'}   ` : '';
  return [rule(cols, 'JSON', 'as hubble observe -o jsonpb', cols >= 110 ? `${more}y copy as one line   J Esc back` : `${more}y copy   J back`), ...texts.slice(top, top + rows).map((text) => line(cols, [' ', text]))];
}

function jsonLines(state: State, row: RowView, width: number): string[] {
  const flow = flowOfRow(state, row);
  if (flow === undefined) return ['a flow that cannot be read'];
  const plain: Flow = { ...flow };
  delete plain.extensions;
  const extension = extensionOf(flow);
  return [
    ...indented(toJson(FlowCodec, plain), width),
    ...(extension === undefined ? [] : ['', 'beside it, from an agent of hubtop:', ...indented(toJson(FlowExtensionCodec, extension), width)]),
  ].slice(0, MAX_LINES);
}

// scrubbed after it was indented: what a value holds must not make lines of its own
function indented(json: string, width: number): string[] {
  return JSON.stringify(JSON.parse(json), null, 2).split('\n').flatMap((text) => broken(scrub(text, MAX_CELLS), width));
}

function broken(text: string, width: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += width) parts.push(text.slice(at, at + width));
  return parts.length === 0 ? [''] : parts;
}
