/** Longest text `scrub` lets through when the caller names no limit: the longest DNS name. */
export const SCRUB_LIMIT = 255;

const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Makes text from the network safe and honest for a terminal: every character of the result takes exactly one
 * UTF-16 unit and one cell. Printable ASCII and Latin-1 stay; all else (controls, C1, bidi marks, zero-width and wide
 * characters, lone surrogates, look-alikes from other scripts) becomes a visible escape. At most `limit` characters
 * come out; a cut is shown by a final `~`.
 */
export function scrub(text: string, limit: number = SCRUB_LIMIT): string {
  if (text.length <= limit && PLAIN.test(text)) return text;
  let out = '';
  for (const character of text) {
    out += isPlain(character) ? character : escapeOf(character);
    if (out.length > limit) return `${out.slice(0, Math.max(0, limit - 1))}~`;
  }
  return out;
}

/** Whether one character may stand in a cell as it is: the painter's second fence. */
export function isPlain(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  // U+00AD is the soft hyphen: terminals disagree on whether it has a width
  return (code >= 0x20 && code <= 0x7e) || (code >= 0xa1 && code <= 0xff && code !== 0xad);
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
