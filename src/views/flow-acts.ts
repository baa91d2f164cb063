import { dropOfFlow } from '../detect/drop-of-flow.ts';
import { say, setChips } from '../model/changes.ts';
import { withChip, type Chip } from '../model/chips.ts';
import type { RowView } from '../model/flow-rows.ts';
import { flowOfRow } from '../model/row-flow.ts';
import type { State } from '../model/state.ts';
import { moveStream } from '../model/stream-cursor.ts';
import { copyHubble, copyText } from '../model/take-away.ts';
import type { Flow } from '../wire/gen/flow.ts';
import { flowJson } from './flow-json.ts';
import { connectionChips, nextCommands } from './flow-sections.ts';
import { writeRule } from './write-rule.ts';

/** Whether the raw JSON of the flow is shown. */
export function showsJson({ stream }: State): boolean {
  return stream.isDetailOpen && stream.jsonTop >= 0;
}

/** The row the cursor stands on, the newest while it stands on none. */
export function selectedRow(state: State): RowView | undefined {
  return state.rows.get(state.stream.selected >= 0 ? state.stream.selected : state.rows.next - 1);
}

function withFlow(state: State, run: (row: RowView, flow: Flow) => void): void {
  const row = selectedRow(state);
  const flow = row === undefined ? undefined : flowOfRow(state, row);
  if (row === undefined || flow === undefined) return say(state, 'no flow is selected');
  run(row, flow);
}

/** Copies the JSON that is shown, else what to type next. */
export function copyFlow(state: State): void {
  withFlow(state, (row, flow) => {
    if (showsJson(state)) copyText(state, flowJson(state, row) ?? '', 'the flow as JSON');
    else copyText(state, nextCommands(state, row, flow)[0] ?? '');
  });
}

/** Copies the connection of the open flow as a hubble line, else the filter. */
export function copyFlowHubble(state: State): void {
  copyHubble(state, state.stream.isDetailOpen ? connectionChips(state) : state.chips);
}

/** Filters to the conversation of the selected flow. */
export function followConnection(state: State): void {
  withFlow(state, () => {
    const chips = connectionChips(state);
    if (chips.length === 0) return say(state, 'nobody is named in this flow');
    setChips(state, chips.reduce<Chip[]>((all, chip) => withChip(all, chip), [...state.chips]));
    say(state, 'follows this conversation: b takes a step back');
  });
}

/** Shows the raw JSON of the selected flow, and back. */
export function toggleJson(state: State): void {
  if (state.stream.selected < 0) moveStream(state, 'up');
  withFlow(state, () => {
    const isShown = showsJson(state);
    state.stream.isDetailOpen = true;
    state.stream.jsonTop = isShown ? -1 : 0;
  });
}

/** Writes the rule that would let the selected flow's pair through. */
export function writeFlowRule(state: State): void {
  withFlow(state, (row, flow) => {
    const drop = dropOfFlow(state, row, flow);
    if (drop === undefined) return say(state, 'this flow was not dropped');
    writeRule(state, drop);
  });
}
