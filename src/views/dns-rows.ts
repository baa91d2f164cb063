import { chip } from '../detect/chip.ts';
import { findings } from '../detect/findings.ts';
import { brokenResolver } from '../detect/one-resolver.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { dnsFigures, type DnsFigures, type NameFigure, type ResolverFigure } from '../model/dns-figures.ts';
import type { Finding } from '../model/finding.ts';
import type { State } from '../model/state.ts';
import { inOrder } from '../model/table-order.ts';
import { tableOf } from '../model/tables.ts';
import type { Item } from './view.ts';

/** Panels of the view. */
export const PANEL = { FAILING: 0, SLOW: 1, RESOLVERS: 2 } as const;
/** Lookups a name needs before it can be called slow, and how slow that is. */
const [SLOW_LOOKUPS, SLOW_US] = [5, 20_000];

export const FAILING_SORTS = ['fail/s', 'p99', 'name'] as const;
export type FailingSort = (typeof FAILING_SORTS)[number];

/** How failing names are sorted. */
export function failingSort(state: State): FailingSort {
  return FAILING_SORTS.find((one) => one === tableOf(state, 'dns').sort) ?? 'fail/s';
}

/** Whether questions are shown as they were asked, without folding search paths. */
export function showsNoise(state: State): boolean {
  return tableOf(state, 'dns').isNoiseFlipped;
}

/** Names with failed lookups, the most failures first. */
export function failingNames(state: State): NameFigure[] {
  const by = failingSort(state);
  const { isReversed } = tableOf(state, 'dns');
  const compare = (one: NameFigure, other: NameFigure): number => (by === 'name' ? 0 : by === 'p99' ? byP99(one, other) : other.failed - one.failed) || byName(one, other);
  return inOrder(state, 'dns', dnsFigures(state).names.filter(({ failed }) => failed > 0), {
    panel: PANEL.FAILING, version: `${by} ${isReversed}`, keyOf: ({ name }) => name, compare: isReversed ? (one, other) => compare(other, one) : compare,
  });
}

/** Names whose answers are slow though they come, the slowest first. */
export function slowNames(state: State): NameFigure[] {
  return inOrder(state, 'dns', dnsFigures(state).names.filter(({ lookups, quantiles }) => lookups >= SLOW_LOOKUPS && (quantiles?.p99 ?? 0) >= SLOW_US), {
    panel: PANEL.SLOW, version: '', keyOf: ({ name }) => name, compare: (one, other) => byP99(one, other) || byName(one, other),
  });
}

function byP99(one: NameFigure, other: NameFigure): number {
  return (other.quantiles?.p99 ?? 0) - (one.quantiles?.p99 ?? 0);
}

function byName(one: NameFigure, other: NameFigure): number {
  return one.name < other.name ? -1 : 1;
}

/** Resolvers that were asked. */
export function resolverRows(state: State): { resolver: ResolverFigure; isOnlyOne: boolean }[] {
  const now = dnsFigures(state);
  const only = brokenResolver(now);
  return now.resolvers.map((resolver) => ({ resolver, isOnlyOne: resolver === only }));
}

/** What detectors say of DNS. */
export function dnsFindings(state: State): Finding[] {
  return findings(state).filter(({ word }) => word === 'DNS');
}

/** Names as rows: Enter leads to their questions and answers. */
export function nameItems(state: State, names: readonly NameFigure[]): Item[] {
  return names.map(({ name, askers }) => {
    const chips = name === '(other)' ? [chip('protocol', 'dns')] : [chip('dns-query', name)];
    const [asker] = askers;
    return {
      key: name, target: { view: 'flows', chips }, copy: dnsFindings(state)[0]?.next?.[0] ?? hubbleCommand(chips).line,
      subject: { 'dns-query': name, protocol: 'dns', ...(asker === undefined ? {} : { 'from-workload': asker.name, ...(asker.name.includes('/') ? { 'from-namespace': asker.name.slice(0, asker.name.indexOf('/')) } : {}) }) },
    };
  });
}

/** Resolvers as rows: Enter leads to what they were asked. */
export function resolverItems(state: State): Item[] {
  return resolverRows(state).map(({ resolver: { name } }) => {
    const [namespace = '', pod = ''] = name.split('/');
    const chips = pod === '' ? [chip('protocol', 'dns')] : [chip('to-pod', name), chip('protocol', 'dns')];
    return { key: name, subject: pod === '' ? { protocol: 'dns' } : { 'to-pod': name, 'to-namespace': namespace, protocol: 'dns' }, target: { view: 'flows', chips }, copy: pod === '' ? name : `kubectl -n ${namespace} logs ${pod} --since=10m` };
  });
}

/** A count per second of observed time. */
export function perSecond(count: number, { seconds }: Pick<DnsFigures, 'seconds'>): number {
  return count / Math.max(1, seconds);
}
