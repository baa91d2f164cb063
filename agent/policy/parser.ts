/** Names by HT_PARSER_* of bpf/event.h. */
const NAMES: readonly string[] = ['', 'http', 'dns', 'kafka'];
const OTHER = 255;

/** The number that the datapath keeps for what requests are parsed as; one for all that have none of their own. */
export function parserNumber(name: string): number {
  const number = NAMES.indexOf(name);
  return number < 0 ? OTHER : number;
}

/** The name of a parser by its number; empty = nothing is parsed. */
export function parserName(number: number): string {
  return NAMES[number] ?? 'other';
}
