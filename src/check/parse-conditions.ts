import { parseDuration } from '../flow/time-parse.ts';
import { type Condition, MAX_CONDITIONS, MAX_FOR_SECONDS, type Operator, OPERATORS, SELECTOR_FIELDS, type Selector, type SelectorField, type Unit } from './condition.ts';
import type { Metric } from './metric.ts';
import { METRICS, metricOf } from './metric-list.ts';
import { Scanner } from './scanner.ts';
import { FIELD_ALIASES, valueRule } from './selector-values.ts';

const NAME = /[A-Za-z][A-Za-z0-9_.-]*/y;
const OPERATOR = /[<>]=?|[=!]=/y;
const NUMBER = /\d+(?:\.\d+)?/y;
const UNIT = /\/s(?![A-Za-z])|%|ms(?![A-Za-z])|s(?![A-Za-z])/y;
const BARE_VALUE = /[^\s,()"'=!<>]+/y;
const QUOTED_VALUE = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y;
const DURATION = /(?:\d+(?:\.\d+)?\s*(?:ms|s|m|h)(?![A-Za-z]))(?:\d+(?:\.\d+)?\s*(?:ms|s|m|h)(?![A-Za-z]))*/y;

/** Reads `CONDITION [and CONDITION …]`; throws an ExpressionError that shows where it is wrong and what was expected. */
export function parseConditions(text: string): Condition[] {
  const scanner = new Scanner(text);
  const conditions = [parseCondition(scanner)];
  while (!scanner.isAtEnd) {
    scanner.expect(/and(?![\w-])/y, conditions[conditions.length - 1]?.forSeconds === undefined ? '"for DURATION", "and" or the end' : '"and" or the end');
    if (conditions.length >= MAX_CONDITIONS) throw scanner.error(`at most ${MAX_CONDITIONS} conditions`);
    conditions.push(parseCondition(scanner));
  }
  return conditions;
}

function parseCondition(scanner: Scanner): Condition {
  const metric = parseMetric(scanner);
  const selectors = scanner.take(/\(/y) === undefined ? [] : parseSelectors(scanner, metric);
  const operator = scanner.expect(OPERATOR, selectors.length === 0 && metric.fields.length > 0 ? `( or one of ${OPERATORS.join(' ')}` : `one of ${OPERATORS.join(' ')}`) as Operator;
  const { bound, unit } = parseBound(scanner, metric);
  const forSeconds = scanner.take(/for(?![\w-])/y) === undefined ? undefined : parseFor(scanner);
  return { metric: metric.name, selectors, operator, bound, unit, forSeconds };
}

function parseMetric(scanner: Scanner): Metric {
  const name = scanner.take(NAME);
  const metric = name === undefined ? undefined : metricOf(name);
  if (metric === undefined) throw scanner.error(`one of ${METRICS.map((known) => known.name).join(' ')}`, scanner.at - (name?.length ?? 0));
  return metric;
}

function parseSelectors(scanner: Scanner, metric: Metric): Selector[] {
  const selectors: Selector[] = [];
  do {
    const selector = parseSelector(scanner, metric);
    if (selectors.some((other) => other.field === selector.field && !(other.isNegated && selector.isNegated))) throw scanner.error(`each field once, and not ${selector.field} again`);
    selectors.push(selector);
  } while (scanner.take(/,/y) !== undefined);
  scanner.expect(/\)/y, '"," or ")"');
  return selectors;
}

function parseSelector(scanner: Scanner, metric: Metric): Selector {
  if (metric.fields.length === 0) throw scanner.error(`no selectors, ${metric.name} is of the whole cluster`);
  const written = scanner.take(NAME);
  const field = fieldOf(written);
  if (field === undefined || !metric.fields.includes(field)) throw scanner.error(`a selector of ${metric.name} (${metric.fields.join(' ')})`, scanner.at - (written?.length ?? 0));
  const sign = scanner.expect(/!?==?/y, '= or !=');
  const { text, at } = parseValue(scanner, field);
  const value = valueRule(field).read(text);
  if (value === undefined) throw scanner.error(`${valueRule(field).expected} for ${field}`, at);
  return { field, value, isNegated: sign.startsWith('!') };
}

function fieldOf(written: string | undefined): SelectorField | undefined {
  return SELECTOR_FIELDS.find((field) => field === written) ?? (written !== undefined && Object.hasOwn(FIELD_ALIASES, written) ? FIELD_ALIASES[written] : undefined);
}

function parseValue(scanner: Scanner, field: SelectorField): { text: string; at: number } {
  const quoted = scanner.take(QUOTED_VALUE);
  if (quoted !== undefined) return { text: quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1'), at: scanner.at - quoted.length };
  const bare = scanner.expect(BARE_VALUE, `${valueRule(field).expected} for ${field}`);
  return { text: bare, at: scanner.at - bare.length };
}

function parseBound(scanner: Scanner, metric: Metric): { bound: number; unit: Unit } {
  const expected = expectedBound(metric);
  const number = Number(scanner.expect(NUMBER, expected));
  const at = scanner.at;
  const written = scanner.take(UNIT) ?? '';
  const unit = written === 's' ? 'ms' : (written as Unit);
  if (metric.units[unit] === undefined || (written === '' && /[^\s)]/.test(scanner.text[at] ?? ' '))) throw scanner.error(expected, at);
  return { bound: written === 's' ? number * 1000 : number, unit };
}

function expectedBound({ name, units }: Metric): string {
  const words = Object.keys(units).map((unit) => (unit === '' ? 'a plain number' : unit === 'ms' ? 'ms or s' : unit));
  const only = Object.keys(units).every((unit) => unit === '') ? 'a number' : `a number with ${words.filter((word) => word !== 'a plain number').join(' or ')}${words.includes('a plain number') ? ', or a plain one,' : ''}`;
  return `${only} for ${name}`;
}

function parseFor(scanner: Scanner): number {
  const expected = 'a duration such as 30s or 5m, whole seconds up to 1h';
  const written = scanner.expect(DURATION, expected);
  const ns = parseDuration(written.replaceAll(/\s/g, '')) ?? 0n;
  const seconds = Number(ns / 1_000_000_000n);
  if (ns % 1_000_000_000n !== 0n || seconds < 1 || seconds > MAX_FOR_SECONDS) throw scanner.error(expected, scanner.at - written.length);
  return seconds;
}
