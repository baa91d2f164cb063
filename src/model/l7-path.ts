/** What stands in a path for a number, a hash, an address of mail: whatever differs from request to request. */
export const ID = '{id}';
/** Parts of a path that are kept; what lies deeper is one route. */
const MAX_PARTS = 8;
/** A longer part is a token, not a word. */
const MAX_PART = 40;
/** Longest path of a route. */
export const MAX_PATH = 120;

const NUMBER = /^[-+]?\d+(?:[.,:_-]\d+)*$/;
const UUID = /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;
/** Hexadecimal with a digit in it: `deadbeef` alone may be a word, `3fa9c1d0` is none. */
const HEX = /^(?=.*\d)[0-9a-f]{6,}$/i;
/** Letters and digits mixed, long: session keys, base64, ULIDs. */
const TOKEN = /^(?=(?:.*\d){3})(?=.*[a-z])[\w.~+=%-]{16,}$/i;
/** A word, a mark, a number: `order-1234`, `user_77`. */
const WORD_AND_NUMBER = /^([a-z]+[-_.])(?:\d{2,}|[0-9a-f]{8,})$/i;
/** Versions stay: `v1`, `v2beta1`. */
const VERSION = /^v\d{1,3}(?:(?:alpha|beta)\d{1,2})?$/;

/** The path of a URL without scheme, user, host, query and fragment: what can be shown. Not scrubbed. */
export function pathOfUrl(url: string): string {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  return path.startsWith('/') || path === '*' ? path : `/${path}`;
}

/** The route a path belongs to: parts that look like ids become `{id}`, so that requests of one kind count together. */
export function pathTemplate(path: string): string {
  const parts = path.split('/');
  const kept = parts.slice(0, MAX_PARTS + 1).map(partTemplate);
  const template = parts.length > kept.length ? `${kept.join('/')}/*` : kept.join('/');
  return template.length > MAX_PATH ? `${template.slice(0, MAX_PATH - 2)}/*` : template;
}

function partTemplate(whole: string): string {
  // matrix parameters carry sessions: /cart;jsessionid=4711
  const part = whole.replace(/;.*$/s, '');
  if (part === '' || VERSION.test(part)) return part;
  if (part.length > MAX_PART || part.includes('@') || /%40/i.test(part)) return ID;
  if (NUMBER.test(part) || UUID.test(part) || HEX.test(part) || TOKEN.test(part)) return ID;
  const named = WORD_AND_NUMBER.exec(part);
  return named?.[1] === undefined ? part : `${named[1]}${ID}`;
}
