import { conversationOf, type End } from '../model/conversation.ts';
import type { RowView } from '../model/flow-rows.ts';
import { endpointName, protocolOf, whatOf } from '../model/flow-words.ts';
import { extensionOf, flowOfRow } from '../model/row-flow.ts';
import { textOfRow } from '../model/row-text.ts';
import type { State } from '../model/state.ts';
import type { Flow } from '../wire/gen/flow.ts';
import { left, line, type Line, type Piece } from '../screen/line.ts';
import { addressText, headLine, identityText, shortLabels, volumeText, whyText } from './flow-texts.ts';
import { rule } from './rule.ts';

/** The selected line in a few more, below the stream. */
export function flowSummary(state: State, row: RowView, cols: number): Line[] {
  const head = rule(cols, 'SELECTED', '', cols >= 110 ? 'Enter everything   h l column   + - only, not   f follow' : 'Enter everything');
  const flow = flowOfRow(state, row);
  if (flow === undefined) return [head, line(cols, [' ', [textOfRow(row), 'dim']])];
  return [
    head,
    headLine(state, row, { flow, cols }),
    ...endLines(flow, cols),
    line(cols, [' ', [left('what', 7), 'dim'], `${protocolOf(flow)} ${whatOf(flow, state.isRevealed)}`, ['   ' + volumeText(extensionOf(flow)), 'dim']]),
    line(cols, [' ', [left('why', 7), 'dim'], [whyText(flow), 'dim']]),
  ];
}

// the client first, as in the line above; where nobody says who that is, the sender
function endLines(flow: Flow, cols: number): Line[] {
  const { client, server } = conversationOf(flow);
  const [one, other] = flow.is_reply === undefined ? ['from', 'to'] : ['client', 'server'];
  return [endLine(one ?? '', client, cols), endLine(other ?? '', server, cols)];
}

function endLine(name: string, end: End, cols: number): Line {
  const pieces: Piece[] = [' ', [left(name, 7), 'dim'], endpointName(end.endpoint, end.ip, undefined), ['   ' + addressText(end.ip, end.port), 'dim'], ['   ' + identityText(end.endpoint), 'dim'], ['   ' + shortLabels(end.endpoint), 'dim']];
  return line(cols, pieces);
}
