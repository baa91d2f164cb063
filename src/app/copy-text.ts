import { scrub } from '../lib/scrub.ts';
import { shortPath, writeClip } from './clip-file.ts';

/** What copying needs. */
export interface CopyParts {
  /** Sends text to the terminal's clipboard; says whether it was sent. */
  send(text: string): boolean;
  env: Readonly<Record<string, string | undefined>>;
}

/** Longest line that is copied whole; the clipboard's own bound is far above. */
const MAX_LINE = 65_536;

/**
 * Makes the function that copies text to the terminal's clipboard and to a file, and gives the sentence for the status
 * line. The clipboard gives no receipt, so the sentence claims none; inside tmux it says once what tmux needs.
 */
export function textCopier(parts: CopyParts): (text: string) => string {
  const isInTmux = (parts.env['TMUX'] ?? '') !== '' || (parts.env['TERM'] ?? '').startsWith('tmux');
  let isTmuxTold = !isInTmux;
  return (text) => {
    const safe = text.split(/\r?\n/).map((line) => scrub(line, MAX_LINE)).join('\n');
    const isSent = parts.send(safe);
    const file = toFile(safe, parts.env);
    if (!isSent) return file.path === undefined ? `not copied: ${file.failure}` : `only in ${file.path}: too long, or no clipboard here`;
    const also = file.path === undefined ? file.failure : `also in ${file.path}`;
    if (isTmuxTold) return `copied if the terminal allows it; ${also}`;
    isTmuxTold = true;
    return `tmux needs: set -s set-clipboard on; ${also}`;
  };
}

function toFile(text: string, env: CopyParts['env']): { path?: string; failure: string } {
  try {
    return { path: shortPath(writeClip(text, env), env), failure: '' };
  } catch (error) {
    return { failure: `no file: ${scrub(error instanceof Error ? error.message : String(error), 120)}` };
  }
}
