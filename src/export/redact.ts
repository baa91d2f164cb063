import type { Flow } from '../wire/gen/flow.ts';

/** What stands where something was taken out, as Hubble itself writes it. */
export const REDACTED = 'HUBBLE_REDACTED';

/** A URL without user info and without the values of its query: both carry secrets, and an incident goes to many people. */
export function redactUrl(url: string): string {
  const [before = '', ...query] = url.split('?');
  const safe = before.replace(/\/\/[^/@]*@/, '//').replace(/#.*$/s, '');
  return query.length === 0 ? safe : `${safe}?${REDACTED}`;
}

/** The same for each URL inside a text. */
export function redactText(text: string): string {
  return text.replaceAll(/\/\/[^/\s@]*@/g, '//').replaceAll(/\?[^\s)]+/g, `?${REDACTED}`);
}

/** A flow without the secrets of its layer 7: query strings, user info, values of headers. A copy; the rest is shared. */
export function redactFlow(flow: Flow): Flow {
  const { l7, Summary: summary } = flow;
  const copy: Flow = { ...flow };
  if (summary !== undefined) copy.Summary = redactText(summary);
  if (l7?.http === undefined) return copy;
  const http = { ...l7.http };
  if (http.url !== undefined) http.url = redactUrl(http.url);
  if (http.headers !== undefined) http.headers = http.headers.map((header) => ({ ...header, value: REDACTED }));
  copy.l7 = { ...l7, http };
  return copy;
}
