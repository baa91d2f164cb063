import type { Flow } from '../wire/gen/flow.ts';
import type { GetFlowsResponse } from '../wire/gen/observer.ts';
import { isTrouble, nodeStatusDict, nodeStatusLine } from './node-status-text.ts';
import { layOutTable } from './text-table.ts';
import { endsOf, flowTypeText, lossTexts, safe, summaryText, type TextOptions, verdictText } from './text-pieces.ts';

/** Formats that are made for eyes. */
export type TextFormat = 'compact' | 'dict' | 'table';

/** Rows a table keeps before it is laid out; what comes after is printed as it comes, unaligned. */
const maxTableRows = 1_000_000;

/** Text for the two outputs; empty where there is nothing to say. */
export interface Printed {
  out: string;
  error: string;
}

/** Prints GetFlows responses in Hubble's text formats. */
export class FlowPrinter {
  readonly #format: TextFormat;
  readonly #options: TextOptions & { showsAllStatus: boolean };
  readonly #rows: string[][] = [];
  #isFirst = true;

  constructor(format: TextFormat, options: TextOptions & { showsAllStatus: boolean }) {
    this.#format = format;
    this.#options = options;
  }

  /** One response as text, line ends included. */
  print(response: GetFlowsResponse): Printed {
    if (response.flow !== undefined) return { out: this.#flow(response.flow), error: '' };
    if (response.lost_events !== undefined) return { out: this.#loss(response), error: '' };
    if (response.node_status === undefined || !(this.#options.showsAllStatus || isTrouble(response.node_status))) return { out: '', error: '' };
    return { out: '', error: `${this.#format === 'dict' ? nodeStatusDict(response, this.#options) : nodeStatusLine(response, this.#options)}\n` };
  }

  /** What is left to print when the stream ended: the whole of a table. */
  finish(): string {
    if (this.#format !== 'table' || this.#rows.length === 0) return '';
    const head = ['TIMESTAMP', ...(this.#options.showNode ? ['NODE'] : []), 'SOURCE', 'DESTINATION', 'TYPE', 'VERDICT', 'SUMMARY'];
    return layOutTable([head, ...this.#rows]);
  }

  #flow(flow: Flow): string {
    const options = this.#options;
    if (this.#format === 'compact') return compactLine(flow, options);
    const { source, destination } = endsOf(flow, options);
    const cells = [source.host, destination.host, flowTypeText(flow), verdictText(flow, options), summaryText(flow, options)];
    if (this.#format === 'table') return this.#row([options.formatTime(flow.time), ...(options.showNode ? [safe(flow.node_name ?? '')] : []), ...cells]);
    return this.#entry(['SOURCE', 'DESTINATION', 'TYPE', 'VERDICT', 'SUMMARY'], cells, options.formatTime(flow.time), flow.node_name);
  }

  #loss(response: GetFlowsResponse): string {
    const options = this.#options;
    const { source, cpu, count } = lossTexts(response.lost_events ?? {}, options);
    const time = options.formatTime(response.time);
    if (this.#format === 'compact') return `${time} EVENTS LOST: ${source} ${cpu} ${count}\n`;
    const summary = `${cpu} - ${count}`;
    if (this.#format === 'table') return this.#row([time, ...(options.showNode ? [safe(response.node_name ?? '') || '-'] : []), source, '-', 'EVENTS LOST', '-', summary]);
    return this.#entry(['SOURCE', 'TYPE', 'VERDICT', 'SUMMARY'], [source, 'EVENTS LOST', '-', summary], time, response.node_name);
  }

  #row(cells: string[]): string {
    if (this.#rows.length >= maxTableRows) return `${cells.join('   ')}\n`;
    this.#rows.push(cells);
    return '';
  }

  #entry(keys: readonly string[], values: readonly string[], time: string, node: string | undefined): string {
    const lines = [['TIMESTAMP', time], ...(this.#options.showNode ? [['NODE', safe(node ?? '')]] : []), ...keys.map((key, index) => [key, values[index] ?? ''])];
    const text = lines.map(([key = '', value = '']) => `${key.padStart(11)}: ${value}\n`).join('');
    const separator = this.#isFirst ? '' : '------------\n';
    this.#isFirst = false;
    return separator + text;
  }
}

/** `TIME[ [NODE]]: SOURCE (ID) -> DESTINATION (ID) TYPE VERDICT (SUMMARY)`; a reply is printed from the client's side. */
function compactLine(flow: Flow, options: TextOptions): string {
  const { source, destination } = endsOf(flow, options);
  const isReply = flow.is_reply === undefined ? undefined : (flow.is_reply.value ?? false);
  const [left, right] = isReply === true ? [destination, source] : [source, destination];
  const arrow = isReply === undefined ? '<>' : isReply ? '<-' : '->';
  const node = options.showNode ? ` [${safe(flow.node_name ?? '')}]` : '';
  return `${options.formatTime(flow.time)}${node}: ${left.host} ${left.identity} ${arrow} ${right.host} ${right.identity} ${flowTypeText(flow)} ${verdictText(flow, options)} (${summaryText(flow, options)})\n`;
}
