import type { Role } from '../theme/theme.ts';

const WORDS: Readonly<Record<number, { word: string; long: string; role: Role }>> = {
  1: { word: '+ fwd', long: '+ FORWARDED', role: 'good' },
  2: { word: 'X DROP', long: 'X DROPPED', role: 'bad' },
  3: { word: '! ERR', long: '! ERROR', role: 'bad' },
  4: { word: '~ AUD', long: '~ AUDIT', role: 'warn' },
  5: { word: '> redi', long: '> REDIRECTED', role: 'accent' },
  6: { word: '. trac', long: '. TRACED', role: 'dim' },
  7: { word: '= trsl', long: '= TRANSLATED', role: 'dim' },
};

/** A verdict as glyph, word and role: never colour alone. */
export function verdictWord(verdict: number): { word: string; long: string; role: Role } {
  return WORDS[verdict] ?? { word: '? unkn', long: '? UNKNOWN', role: 'dim' };
}
