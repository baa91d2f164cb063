import type { FlowFilter } from '../wire/gen/flow.ts';
import { FilterError } from './filter-error.ts';

/** Most filters in one list; each one runs on every flow. */
const maxFilters = 1_024;
/** Values of all filters of a request together. */
const maxValues = 16_384;
/** Longest text: a selector of a few dozen labels, eight times a DNS name. */
const maxTextLength = 2_048;
/** Regular expressions of a request: one costs up to four thousand steps a character. */
const maxExpressions = 64;

/** Refuses what nobody asks in earnest, before anything is built from it. Throws FilterError. */
export function checkFilterBounds(whitelist: readonly FlowFilter[], blacklist: readonly FlowFilter[]): void {
  let values = 0;
  let expressions = 0;
  for (const list of [whitelist, blacklist]) if (list.length > maxFilters) throw new FilterError(`more than ${maxFilters} filters in one list`);
  for (const filter of [...whitelist, ...blacklist]) {
    expressions += (filter.dns_query?.length ?? 0) + (filter.http_path?.length ?? 0) + (filter.http_url?.length ?? 0);
    for (const field of Object.values(filter)) {
      if (!Array.isArray(field)) continue;
      values += field.length;
      if (values > maxValues) throw new FilterError(`more than ${maxValues} values in the filters of one request`);
      for (const value of field) if (typeof value === 'string' && value.length > maxTextLength) throw new FilterError(`a filter's text is longer than ${maxTextLength} characters`);
    }
  }
  if (expressions > maxExpressions) throw new FilterError(`more than ${maxExpressions} regular expressions in the filters of one request`);
}
