import { ID } from './l7-path.ts';

/** Paths that differ in one part only, and in that part only in what follows a mark: so many are ids. */
const MIN_MARKED = 6;
/** The same without a mark before: parts of one length. */
const MIN_PLAIN = 8;
/** Shorter parts may be words. */
const MIN_MARKED_LENGTH = 5;
const MIN_PLAIN_LENGTH = 8;

/** A path whose part at `at` begins with `prefix`, goes on for `length` characters, and differs from request to request. */
export interface PathPattern {
  parts: readonly string[];
  at: number;
  prefix: string;
  length: number;
}

/** The path that stands for all paths of a pattern. */
export function patternPath({ parts, at, prefix }: PathPattern): string {
  return parts.map((part, i) => (i === at ? `${prefix}${ID}` : part)).join('/');
}

/** Whether a path is one of a pattern's. */
export function fitsPattern(path: string, { parts, at, prefix, length }: PathPattern): boolean {
  const own = path.split('/');
  return own.length === parts.length && own.every((part, i) => (i === at ? part.length === prefix.length + length && part.startsWith(prefix) : part === parts[i]));
}

/**
 * Whether a new path is one of many that differ only by an id that does not look like one, such as `pay_zzsxtu`: the pattern they
 * have in common. `known` are the paths of the same server and method; words, which differ in length, are left alone.
 */
export function learnPattern(path: string, known: readonly string[]): PathPattern | undefined {
  const parts = path.split('/');
  for (let at = parts.length - 1; at > 0; at--) {
    const part = parts[at] ?? '';
    if (part.includes(ID) || part.endsWith('*')) continue;
    const prefix = /^.*[-_.:]/.exec(part)?.[0] ?? '';
    const pattern: PathPattern = { parts, at, prefix, length: part.length - prefix.length };
    const [least, shortest] = prefix === '' ? [MIN_PLAIN, MIN_PLAIN_LENGTH] : [MIN_MARKED, MIN_MARKED_LENGTH];
    if (pattern.length >= shortest && known.filter((other) => fitsPattern(other, pattern)).length + 1 >= least) return pattern;
  }
  return undefined;
}
