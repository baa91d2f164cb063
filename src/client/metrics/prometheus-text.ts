/** One line of a Prometheus page that was asked for. Label texts are as they came: scrub them before showing. */
export interface Sample {
  name: string;
  labels: ReadonlyMap<string, string>;
  value: number;
}

/** What a page had of the wanted metrics. */
export interface Samples {
  samples: Sample[];
  /** Lines of wanted metrics that are no samples, and samples beyond the bound. */
  malformed: number;
  left: number;
}

/** Samples taken of one page: an agent has a few hundred of the wanted ones. */
export const MAX_SAMPLES = 4_096;
/** Longest line looked at, and most labels of a sample. */
const MAX_LINE = 16_384;
const MAX_LABELS = 32;

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
// prometheus.io/docs/instrumenting/exposition_formats: a label's text escapes backslash, quote and line feed
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\[\\"n])*)"\s*(,|(?=\}))/y;
const CLOSE = /\s*\}/y;
// value, then perhaps a time in milliseconds (or OpenMetrics' seconds and exemplar)
const VALUE = /^[ \t]*([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[iI]nf|NaN))(?:[ \t]+-?\d+(?:\.\d+)?)?(?:[ \t]+#.*)?[ \t]*$/;

/** Reads the wanted metrics of a page of Prometheus text (0.0.4) or OpenMetrics; all other lines cost one look at their name. */
export function readSamples(page: string, wanted: ReadonlySet<string>): Samples {
  const found: Samples = { samples: [], malformed: 0, left: 0 };
  let start = 0;
  while (start < page.length) {
    const newline = page.indexOf('\n', start);
    const end = newline < 0 ? page.length : newline;
    takeLine(page, { start, end }, wanted, found);
    start = end + 1;
  }
  return found;
}

function takeLine(page: string, { start, end }: { start: number; end: number }, wanted: ReadonlySet<string>, found: Samples): void {
  const name = nameAt(page, start, end);
  if (!wanted.has(name)) return;
  if (found.samples.length >= MAX_SAMPLES) {
    found.left++;
    return;
  }
  const sample = end - start > MAX_LINE ? undefined : readSample(name, page.slice(start + name.length, end).replace(/\r$/, ''));
  if (sample === undefined) found.malformed++;
  else found.samples.push(sample);
}

function nameAt(page: string, start: number, end: number): string {
  let at = start;
  // up to the first character that no name has: blank, brace or end
  while (at < end && page.charCodeAt(at) > 0x20 && page.charCodeAt(at) !== 0x7b) at++;
  const name = page.slice(start, at);
  return NAME.exec(name)?.[0] === name ? name : '';
}

function readSample(name: string, rest: string): Sample | undefined {
  const labels = new Map<string, string>();
  const end = readLabels(rest, labels);
  const value = end === undefined ? undefined : VALUE.exec(rest.slice(end))?.[1];
  return value === undefined ? undefined : { name, labels, value: numberOf(value) };
}

// where the labels end, 0 where there are none; undefined if they are broken
function readLabels(rest: string, labels: Map<string, string>): number | undefined {
  let at = /^[ \t]*\{/.exec(rest)?.[0].length ?? 0;
  while (at > 0) {
    CLOSE.lastIndex = at;
    if (CLOSE.test(rest)) return CLOSE.lastIndex;
    LABEL.lastIndex = at;
    const label = LABEL.exec(rest);
    if (label?.[1] === undefined || labels.size >= MAX_LABELS || labels.has(label[1])) return undefined;
    labels.set(label[1], unescaped(label[2] ?? ''));
    at = LABEL.lastIndex;
  }
  return 0;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_whole, character: string) => (character === 'n' ? '\n' : character));
}

function numberOf(text: string): number {
  if (/inf/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return text === 'NaN' ? Number.NaN : Number(text);
}
