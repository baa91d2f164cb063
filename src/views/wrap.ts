import { CUT } from '../screen/line.ts';

/** Text in lines of at most `width` cells, broken at spaces where that is possible. */
export function wrap(text: string, width: number): string[] {
  if (width <= 0) return [];
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    // a word that fills most of a line is broken
    const at = space > width / 3 ? space : width;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return rest === '' && lines.length > 0 ? lines : [...lines, rest];
}

/** The same in so many rows at most; the last one shows that there was more. */
export function wrapAtMost(text: string, { width, rows }: { width: number; rows: number }): string[] {
  const all = wrap(text, width);
  if (all.length <= rows) return all;
  const last = all[rows - 1] ?? '';
  return [...all.slice(0, rows - 1), last.length < width ? `${last}${CUT}` : `${last.slice(0, width - 1)}${CUT}`];
}
