import { CompactLines } from '../flow/compact-lines.ts';
import { FlowPrinter } from '../flow/flow-printer.ts';
import { isTrouble } from '../flow/node-status-text.ts';
import { tryDecode } from '../wire/codec.ts';
import { FRAME_PREFIX_BYTES, frameLength } from '../wire/frame-splitter.ts';
import { GetFlowsResponseTag } from '../wire/gen/field-numbers.ts';
import { FlowCodec, LostEventCodec } from '../wire/gen/flow.ts';
import { type GetFlowsResponse, GetFlowsResponseCodec } from '../wire/gen/observer.ts';
import { JsonLines } from '../wire/json-lines.ts';
import { toJson } from '../wire/json.ts';
import { decodeText } from '../wire/text.ts';
import type { CommandContext } from './command.ts';
import type { OutputChoice } from './output-flags.ts';

/** Prints responses the way the user chose. */
export class FlowOutput {
  readonly #choice: OutputChoice;
  readonly #context: CommandContext;
  readonly #printer: FlowPrinter | undefined;
  /** JSON goes from the wire to text without objects between. */
  readonly #lines: JsonLines | undefined;
  /** So do compact lines of usual flows. */
  readonly #compact: CompactLines | undefined;
  #bad = 0;
  #badReason = '';

  constructor(choice: OutputChoice, context: CommandContext) {
    this.#choice = choice;
    this.#context = context;
    this.#printer = choice.format === 'json' ? undefined : new FlowPrinter(choice.format, choice.text);
    this.#compact = choice.format === 'compact' ? new CompactLines(choice.text) : undefined;
    this.#lines = choice.format === 'json' && !choice.isLegacyJson ? new JsonLines(GetFlowsResponseCodec) : undefined;
  }

  /** Prints a run of whole frames; resolves when stdout wants more. */
  printFrames(frames: Uint8Array): Promise<void> {
    let out = '';
    for (let at = 0; at + FRAME_PREFIX_BYTES <= frames.length; at += FRAME_PREFIX_BYTES + frameLength(frames, at)) {
      const start = at + FRAME_PREFIX_BYTES;
      const end = start + frameLength(frames, at);
      // node states go to stderr, and need looking into
      if (frames[start] !== GetFlowsResponseTag.node_status && this.#lines?.write(frames, start, end) === true) continue;
      const line = this.#compact?.line(frames, start, end);
      if (line !== undefined) {
        out += line;
        continue;
      }
      const decoded = tryDecode(GetFlowsResponseCodec, frames.subarray(start, end));
      if (decoded.ok) out += this.#render(decoded.value);
      else this.#countBad(decoded.error);
    }
    out += this.#takeLines();
    return out === '' ? Promise.resolve() : this.#context.print(out);
  }

  /** Prints one response. */
  async print(response: GetFlowsResponse): Promise<void> {
    const out = this.#render(response);
    if (out !== '') await this.#context.print(out);
  }

  /** Prints what waited for the end, and what could not be printed at all. */
  async finish(): Promise<void> {
    const rest = this.#printer?.finish() ?? '';
    if (rest !== '') await this.#context.print(rest);
    if (this.#bad > 0) this.#complain(`hubtop: ${this.#bad} messages could not be decoded, first: ${this.#badReason}`);
  }

  #takeLines(): string {
    if (this.#lines === undefined) return '';
    const text = decodeText(this.#lines.bytes(), 0, this.#lines.length);
    this.#lines.reset();
    return text;
  }

  #render(response: GetFlowsResponse): string {
    if (this.#printer === undefined) return this.#renderJson(response);
    const { out, error } = this.#printer.print(response);
    if (error !== '') this.#complain(error.trimEnd());
    return out;
  }

  #renderJson(response: GetFlowsResponse): string {
    if (response.node_status !== undefined) {
      const isShown = this.#choice.text.showsAllStatus || isTrouble(response.node_status);
      if (isShown && !this.#choice.isLegacyJson) this.#complain(toJson(GetFlowsResponseCodec, response));
      return '';
    }
    if (!this.#choice.isLegacyJson) return `${toJson(GetFlowsResponseCodec, response)}\n`;
    if (response.flow !== undefined) return `${toJson(FlowCodec, response.flow)}\n`;
    return response.lost_events === undefined ? '' : `${toJson(LostEventCodec, response.lost_events)}\n`;
  }

  #countBad(reason: string): void {
    if (this.#bad === 0) this.#badReason = reason;
    this.#bad += 1;
  }

  #complain(line: string): void {
    if (!this.#choice.isSilent) this.#context.printError(line);
  }
}
