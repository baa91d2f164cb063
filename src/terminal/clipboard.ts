/** Longest base64 text that terminals take in one OSC 52: xterm's limit, and tmux's. */
export const MAX_CLIPBOARD_BASE64 = 74_994;

/**
 * The OSC 52 sequence that puts text on the clipboard; undefined = too long for terminals. Plain, also inside tmux: what
 * is wrapped for the terminal behind it is refused by tmux's defaults as well. Whoever calls has scrubbed the text.
 */
export function clipboardSequence(text: string): string | undefined {
  const base64 = Buffer.from(text, 'utf8').toString('base64');
  return base64.length > MAX_CLIPBOARD_BASE64 ? undefined : `\x1b]52;c;${base64}\x07`;
}
