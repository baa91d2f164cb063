import type { Line } from './line.ts';

// each glyph of ours and what stands for it where UTF-8 or the font has no such thing; all are one cell
const ASCII: Readonly<Record<string, string>> = {
  '─': '-', '│': '|', '░': '%', '▒': '%', '▓': '%', '█': '#', '▁': '.', '▂': '.', '▃': ':', '▄': ':', '▅': '|', '▆': '|', '▇': '#',
  '▏': '.', '▎': '.', '▍': ':', '▌': ':', '▋': '|', '▊': '|', '▉': '#', '→': '>', '►': '>', '▲': '^', '▼': 'v', '●': '*', '○': 'o',
  '×': 'x', '≥': '>', '≤': '<', '↵': '<', '·': '.', '…': '~', '←': '<', '↑': '^', '↓': 'v', '–': '-',
  '┌': '+', '┐': '+', '└': '+', '┘': '+', '├': '+', '┤': '+', '┬': '+', '┴': '+', '┼': '+',
};

const FIRST_BRAILLE = 0x2800;
const BRAILLE = Array.from({ length: 256 }, (_, dots) => String.fromCharCode(FIRST_BRAILLE + dots));

// charts have blocks where there is only ASCII; this is for what was drawn before the mode changed
function asciiOf(character: string): string {
  const dots = character.charCodeAt(0) - FIRST_BRAILLE;
  return ASCII[character] ?? (dots >= 0 && dots < BRAILLE.length ? (dots === 0 ? ' ' : '.') : '?');
}

/** Glyphs that views draw with, next to plain text. The painter lets nothing else through. */
export const GLYPHS: ReadonlySet<string> = new Set([...Object.keys(ASCII), ...BRAILLE]);

/** Rows in ASCII only, cell by cell: for terminals without UTF-8. */
export function toAscii(lines: readonly Line[]): Line[] {
  return lines.map((line) => ({ ...line, spans: line.spans.map((span) => ({ ...span, text: asciiText(span.text) })) }));
}

/** One text in ASCII only, of the same length. */
export function asciiText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, asciiOf);
}
