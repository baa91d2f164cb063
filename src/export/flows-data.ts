import { ROW_FLOW, type RowView } from '../model/flow-rows.ts';
import { flowOfRow } from '../model/row-flow.ts';
import type { State } from '../model/state.ts';
import { type Flow, FlowCodec } from '../wire/gen/flow.ts';
import { toJson } from '../wire/json.ts';
import { type Data, timeData } from './data.ts';
import { redactFlow } from './redact.ts';

/** Rows of the stream in one frame at most. */
export const MAX_FLOW_ROWS = 1_000;

/** The newest rows of the stream, oldest first: flows as hubble's JSON has them, gaps and notes between them in their place. */
export function flowsData(state: State): Data {
  return lastRows(state, MAX_FLOW_ROWS).map((row) => rowData(row, flowOfRow(state, row)));
}

/** The same, at most `count` rows, without what a stranger should not read. */
export function redactedFlowsData(state: State, count: number): Data {
  return lastRows(state, count).map((row) => {
    const flow = flowOfRow(state, row);
    return rowData(row, flow === undefined ? undefined : redactFlow(flow));
  });
}

/** The last rows up to the moment shown, oldest first. */
export function lastRows(state: State, count: number): RowView[] {
  const { rows } = state;
  const rowsBack: RowView[] = [];
  for (let id = rows.next - 1; id >= rows.first && rowsBack.length < count; id--) {
    const row = rows.get(id);
    if (row !== undefined && (state.pausedAtMs === 0 || row.timeMs <= state.pausedAtMs)) rowsBack.push(row);
  }
  return rowsBack.toReversed();
}

function rowData(row: RowView, flow: Flow | undefined): Data {
  if (row.kind !== ROW_FLOW) return { time: timeData(row.timeMs), note: new TextDecoder().decode(row.bytes) };
  if (flow === undefined) return { time: timeData(row.timeMs), note: 'a flow that cannot be read' };
  // what an extension of ours says is not in hubble's JSON, whose readers know no such type
  const plain: Flow = { ...flow };
  delete plain.extensions;
  return { time: timeData(row.timeMs), flow: JSON.parse(toJson(FlowCodec, plain)) as Data };
}
