import type { Bucket } from '../../model/bucket.ts';
import type { PairCounts } from '../../model/pair-table.ts';
import { VERDICT_CHIPS } from '../../model/chips.ts';
import { dropKeyParts, type Pair } from '../../model/directory.ts';
import { dropClass } from '../../model/drop-words.ts';
import { countsFlows, figuresOf, type State } from '../../model/state.ts';
import type { Selector, SelectorField } from '../condition.ts';
import { END_FIELDS, isNamedIn, matchesPair, matchesPolicy, matchesReason, matchesText } from '../matches.ts';
import { type Metric, NOTHING_CAME } from '../metric.ts';

/** What telemetry cannot tell apart: its counts have no pods and no nodes, and know protocols of layer 4 only. */
const ONLY_IN_FLOWS: readonly SelectorField[] = ['pod', 'from-pod', 'to-pod', 'node'];
const LAYER_7: readonly string[] = ['http', 'dns'];

function isOnlyInFlows({ field, value }: Selector): boolean {
  return ONLY_IN_FLOWS.includes(field) || (field === 'protocol' && LAYER_7.includes(value));
}

/** Drops by reason and ends. */
export const drops: Metric = {
  name: 'drops',
  help: 'packets dropped; flows of them without telemetry, and by pod or node',
  units: { '/s': 'rate', '': 'total' },
  fields: [...END_FIELDS, 'reason', 'class', 'policy', 'node'],
  needsFlows: (selectors) => selectors.some(isOnlyInFlows),
  read({ state, selectors, second }) {
    const bucket = figuresOf(state).peek(second);
    if (bucket === undefined) return NOTHING_CAME;
    const figure = { value: 0, perhaps: 0, whole: 0, isMet: isMet(state, bucket, selectors) };
    const hasEnds = selectors.some(({ field }) => END_FIELDS.includes(field));
    bucket.drops.forEach((key, count) => {
      const parts = dropKeyParts(key);
      const [reason, pair] = [state.directory.reasonAt(parts.reason), state.directory.pairAt(parts.pair)];
      const isUnnamed = (parts.reason === 0 && selectors.some(isAboutReason)) || (hasEnds && isWithoutEnds(parts.pair, pair));
      if (isUnnamed) figure.perhaps += count;
      else if (matchesReason(reason, selectors) && matchesPair(pair, selectors)) addByPolicy(figure, { count, key, reason }, { state, selectors });
    });
    return figure;
  },
};

// only a policy's refusal can be that of another policy
function addByPolicy(figure: { value: number; perhaps: number }, drop: { count: number; key: number; reason: string }, { state, selectors }: { state: State; selectors: readonly Selector[] }): void {
  const isPolicy = dropClass(drop.reason) === 'pol' || !selectors.some(({ field }) => field === 'policy');
  const isMeant = isPolicy ? matchesPolicy(state.dropFacts.get(drop.key), selectors) : selectors.every(({ field, isNegated }) => field !== 'policy' || isNegated);
  if (isMeant === undefined) figure.perhaps += drop.count;
  else if (isMeant) figure.value += drop.count;
}

function isAboutReason({ field }: Selector): boolean {
  return field === 'reason' || field === 'class';
}

// a relay with too many rows tells the rest by reason, without the pair
function isWithoutEnds(id: number, { source, destination, port, protocol }: Pair): boolean {
  return id === 0 || (source === destination && source.name === 'world' && port === 0 && protocol === 0);
}

/** Flows by verdict and ends. */
export const flows: Metric = {
  name: 'flows',
  help: 'flows that agents reported, a connection makes several; %: with that verdict, of all with those ends',
  units: { '/s': 'rate', '%': 'share', '': 'total' },
  fields: [...END_FIELDS, 'verdict', 'node'],
  wholeName: 'flows',
  // telemetry tells verdicts of all, and of the heaviest pairs the larger side
  needsFlows: (selectors) => selectors.some(({ field }) => field !== 'verdict'),
  read({ state, selectors, second }) {
    const bucket = figuresOf(state).peek(second);
    if (bucket === undefined) return NOTHING_CAME;
    const value = bucket.verdicts.reduce((sum, count, verdict) => (hasVerdict(verdict, selectors) ? sum + count : sum), 0);
    return { value, perhaps: 0, whole: bucket.flows, isMet: true };
  },
};

function hasVerdict(verdict: number, selectors: readonly Selector[]): boolean {
  const name = VERDICT_CHIPS.find(({ number }) => number === verdict)?.name ?? '';
  return selectors.every(({ field, value, isNegated }) => field !== 'verdict' || (value === name) !== isNegated);
}

/** New connections, each once. */
export const connections: Metric = {
  name: 'connections',
  help: 'new connections, each once; counted from flows, as by pod or node, those that are not folded',
  units: { '/s': 'rate', '': 'total' },
  fields: [...END_FIELDS, 'node'],
  needsFlows: (selectors) => selectors.some(isOnlyInFlows),
  read({ state, selectors, second }) {
    const bucket = figuresOf(state).peek(second);
    if (bucket === undefined) return NOTHING_CAME;
    const sum = sumPairs(state, bucket, selectors, (counts) => counts.connections);
    // a report lists the heaviest pairs and those with trouble: what the lighter ones opened nobody says
    const isCut = !countsFlows(state) && state.edges.floorBytes >= 1;
    return { value: sum.value, perhaps: sum.perhaps + (isCut ? ANY_NUMBER : 0), whole: 0, isMet: true };
  },
};

/** More than anybody opens in a second; no infinity, since sums are taken apart again. */
const ANY_NUMBER = 1e12;

/** Packets with RST. */
export const resets: Metric = {
  name: 'resets',
  help: 'packets with RST; a closed port answers with one as well',
  units: { '/s': 'rate', '': 'total' },
  fields: [...END_FIELDS, 'node'],
  needsFlows: (selectors) => selectors.some(isOnlyInFlows),
  read({ state, selectors, second }) {
    const bucket = figuresOf(state).peek(second);
    if (bucket === undefined) return NOTHING_CAME;
    return { ...sumPairs(state, bucket, selectors, (counts) => counts.resets), whole: 0, isMet: isMet(state, bucket, selectors) };
  },
};

function sumPairs(state: State, bucket: Bucket, selectors: readonly Selector[], countOf: (counts: PairCounts) => number): { value: number; perhaps: number } {
  const sum = { value: 0, perhaps: 0 };
  for (const [id, counts] of bucket.pairs) {
    if (id === 0 && selectors.length > 0) sum.perhaps += countOf(counts);
    else if (matchesPair(state.directory.pairAt(id), selectors)) sum.value += countOf(counts);
  }
  return sum;
}

/** Whether everybody the selectors name took part in something; under a filter that is whoever passed it. */
function isMet(state: State, bucket: Bucket, selectors: readonly Selector[]): boolean {
  const policies = selectors.filter(({ field, isNegated }) => field === 'policy' && !isNegated);
  if (!policies.every(({ value }) => state.policies.all().some(({ name }) => matchesText(name, value)))) return false;
  if (state.chips.length > 0) return bucket.flows > 0;
  const pairs = [...bucket.pairs].map(([id]) => state.directory.pairAt(id));
  return selectors.every((selector) => selector.isNegated || !isName(selector.field) || pairs.some((pair) => isNamedIn(pair, selector)));
}

function isName(field: SelectorField): boolean {
  return field.endsWith('ns') || field.endsWith('workload');
}
