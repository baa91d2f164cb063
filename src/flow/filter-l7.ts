import { ExpressionError } from '../lib/expression-syntax.ts';
import { compileLinearExpression } from '../lib/linear-expression.ts';
import type { FlowFilter } from '../wire/gen/flow.ts';
import { FilterError } from './filter-error.ts';
import type { FlowPredicate } from './flow-view.ts';

/** Monitor type of L7 records. */
const eventTypeL7 = 129;

/** A longer expression of a client is refused: it runs on every flow. */
const maxExpressionLength = 1024;

/** DNS questions that a regular expression finds. */
export function dnsPredicate(filter: FlowFilter): FlowPredicate | undefined {
  const expressions = (filter.dns_query ?? []).map((text) => compileExpression(text, 'invalid DNS query filter: failed to compile regexp: '));
  if (expressions.length === 0) return undefined;
  return (flow) => {
    const query = flow.dnsQuery;
    return query !== undefined && expressions.some((finds) => finds(query));
  };
}

/** Everything a filter says about HTTP. Each field is refused beside an event type that is not L7. */
export function httpPredicates(filter: FlowFilter): FlowPredicate[] {
  const predicates: FlowPredicate[] = [];
  const add = (values: readonly unknown[] | undefined, what: string, build: () => FlowPredicate): void => {
    if (values === undefined || values.length === 0) return;
    const eventTypes = filter.event_type ?? [];
    if (eventTypes.length > 0 && !eventTypes.some((event) => event.type === eventTypeL7)) {
      throw new FilterError(`filtering by http ${what} requires the event type filter to only match 'l7' events`);
    }
    predicates.push(build());
  };
  add(filter.http_status_code, 'status code', () => statusPredicate(filter.http_status_code ?? []));
  add(filter.http_method, 'method', () => {
    const methods = (filter.http_method ?? []).map((method) => method.toLowerCase());
    return (flow) => methods.includes(flow.http?.method.toLowerCase() ?? '\0');
  });
  add(filter.http_path, 'path', () => expressionPredicate(filter.http_path ?? [], 'path', pathOf));
  add(filter.http_url, 'url', () => expressionPredicate(filter.http_url ?? [], 'url', (url) => url));
  add(filter.http_header, 'headers', () => {
    const wanted = filter.http_header ?? [];
    return (flow) => flow.http?.headers.some((header) => wanted.some(({ key = '', value = '' }) => key === header.key && value === header.value)) ?? false;
  });
  return predicates;
}

/** `404` is exact, `4+` and `40+` are beginnings; a request has no code and never fits. */
function statusPredicate(values: readonly string[]): FlowPredicate {
  for (const value of values) {
    if (!/^(?:[1-5][0-9]{2}|[1-5][0-9]?\+)$/.test(value)) throw new FilterError(`invalid http status code filter: invalid status code prefix: "${value}"`);
  }
  return (flow) => {
    const code = flow.http?.code ?? 0;
    if (code === 0) return false;
    const text = String(code).padStart(3, '0');
    return values.some((value) => (value.endsWith('+') ? text.startsWith(value.slice(0, -1)) : text === value));
  };
}

function expressionPredicate(texts: readonly string[], what: 'path' | 'url', part: (url: string) => string | undefined): FlowPredicate {
  const expressions = texts.map((text) => compileExpression(text, `invalid http ${what} filter: ${text}: `));
  return (flow) => {
    const url = flow.http?.url;
    const text = url === undefined ? undefined : part(url);
    return text !== undefined && expressions.some((finds) => finds(text));
  };
}

/** The path of an absolute or relative URL, percent signs resolved; undefined when it is broken. */
function pathOf(url: string): string | undefined {
  const path = url.replace(/^[A-Za-z][-+.A-Za-z0-9]*:(?=\/\/)/, '').replace(/^\/\/[^/?#]*/, '').replace(/[?#].*$/s, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Clients write Go's RE2, and so do we: JavaScript's own expressions may go back and forth for hours. */
function compileExpression(text: string, prefix: string): (text: string) => boolean {
  if (text.length > maxExpressionLength) throw new FilterError(`${prefix}longer than ${maxExpressionLength} characters`);
  try {
    return compileLinearExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) throw new FilterError(prefix + error.message, { cause: error });
    throw error;
  }
}
