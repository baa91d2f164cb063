/** Asks for the background colour. */
export const ASK_BACKGROUND = '\x1b]11;?\x07';
/** Asks for the device's attributes: all terminals answer that, so that one knows when another question gets no answer. */
export const ASK_DEVICE = '\x1b[c';

/** What a terminal's background is like. */
export type Background = 'dark' | 'light';

/** The background as COLORFGBG tells it (rxvt, Konsole, iTerm2): `15;0`, `0;default;15`; undefined = it does not. */
export function backgroundOfEnvironment(env: Readonly<Record<string, string | undefined>>): Background | undefined {
  const index = /;(\d{1,2})$/.exec(env['COLORFGBG'] ?? '')?.[1];
  if (index === undefined) return undefined;
  const colour = Number(index);
  return colour === 7 || (colour >= 9 && colour <= 15) ? 'light' : 'dark';
}

/** The background in a reply such as `]11;rgb:ffff/ffff/dddd`; undefined = that is no such reply. */
export function backgroundOfReply(reply: string): Background | undefined {
  const parts = /^\]11;rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})/i.exec(reply)?.slice(1);
  if (parts === undefined) return undefined;
  const [red = 0, green = 0, blue = 0] = parts.map((digits) => Number.parseInt(digits, 16) / (16 ** digits.length - 1));
  // how bright it looks, ITU-R BT.601
  return 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 ? 'light' : 'dark';
}

/** Whether a reply is the device's attributes, which come after all other answers. */
export function endsAnswers(reply: string): boolean {
  return /^\[\?[\d;]*c$/.test(reply);
}
