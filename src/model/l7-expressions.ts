import { ID } from './l7-path.ts';

// Go's RE2 as well as ours: each of these means itself behind a backslash
const MARKS = /[\\.+*?()|[\]{}^$]/g;

function quoted(text: string): string {
  return text.replaceAll(MARKS, String.raw`\$&`);
}

/**
 * The expression a relay looks for in paths: the whole path of a route, `{id}` any part of one, a final `/*` all below it. A text
 * that is no path is looked for anywhere.
 */
export function pathExpression(value: string): string {
  if (!value.startsWith('/')) return quoted(value);
  const isOpen = value.endsWith('/*');
  const path = (isOpen ? value.slice(0, -1) : value).split(ID).map(quoted).join('[^/]+');
  // ids may be written with parameters behind them
  return `^${path}${isOpen ? '' : '(;[^/]*)?$'}`;
}

/** The expression a relay looks for in questions: the whole name with its final dot and what search paths put behind it; `*.` stands for any beginning. */
export function nameExpression(value: string): string {
  if (value.startsWith('*.')) return `${quoted(value.slice(1))}$`;
  return value.endsWith('.') ? `^${quoted(value)}` : quoted(value);
}
