import type { Chip } from '../model/chips.ts';
import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import type { PodFigure, RouteFigure } from '../model/l7-figures.ts';
import { OTHER_PATHS, routeText, httpPath } from '../model/l7-routes.ts';
import type { State } from '../model/state.ts';
import { chip } from './chip.ts';
import { l4Cause } from './l4-cause.ts';

/** Trouble below and trouble above are told as one story when they began within this time. */
const TOGETHER_MS = 120_000;

/** Identity of a route among rows and findings. */
export function routeKey({ route, server }: RouteFigure): string {
  return `${routeText(route)} ${server}`;
}

/** A route with its server: `POST /checkout at shop/checkout`. */
export function routeSubject({ route, server }: RouteFigure): string {
  return `${routeText(route)} at ${server}`;
}

/** Filter for the flows of a route. */
export function routeChips({ route, server }: RouteFigure): Chip[] {
  const chips = [chip('to-workload', server)];
  if (route.protocol === 'Kafka') return [...chips, chip('protocol', 'kafka')];
  if (route.path === OTHER_PATHS) return [...chips, chip('protocol', 'http')];
  return [...chips, ...(route.method === '' ? [] : [chip('http-method', route.method)]), chip('http-path', httpPath(route))];
}

/** Where a finding about a route leads, what it rests on, what may be behind it, and what to type next. */
export function routeStory(state: State, now: Figures, story: { figure: RouteFigure; sinceMs: number; evidence: readonly string[] }): Pick<Finding, 'chips' | 'target' | 'evidence' | 'next' | 'cause'> {
  const { figure, sinceMs, evidence } = story;
  const chips = routeChips(figure);
  const below = l4Cause(state, now, figure.server);
  const gapMs = below === undefined || below.sinceMs === 0 ? undefined : below.sinceMs - sinceMs;
  const isTogether = gapMs === undefined || Math.abs(gapMs) <= TOGETHER_MS;
  return {
    chips, target: { view: 'l7', select: { panel: 0, key: routeKey(figure) } },
    evidence: [...evidence, podsSentence(figure), ...(below !== undefined && !isTogether ? [`also: ${below.text}, at another time`] : [])].filter((sentence) => sentence !== ''),
    // the path alone finds requests and answers, and can be typed
    next: [hubbleCommand(chips.filter(({ field }) => field !== 'to-workload')).line],
    ...(below !== undefined && isTogether ? { cause: { text: `${below.text}${gapMs === undefined ? '' : `, since ${Math.abs(gapMs) < 10_000 ? 'the same moment' : `${Math.round(Math.abs(gapMs) / 1000)} s ${gapMs < 0 ? 'before' : 'after'}`}`}`, isCertain: false } } : {}),
  };
}

/** Answers a pod must have before it is compared with the others. */
const LEAST_ANSWERS = 8;

/** How the pods of a server compare. */
export interface PodsWord {
  compared: number;
  /** Those that stand out, the worst first. */
  odd: PodFigure[];
  /** Share of errors of the quietest and the worst of the others. */
  lowest: number;
  highest: number;
}

/** Which pods of a route stand out by errors, or by a latency of four times the others'. */
export function comparePods({ pods }: RouteFigure): PodsWord {
  const compared = pods.filter(({ count, name }) => count >= LEAST_ANSWERS && name !== '(other)');
  const odd = compared.length < 2 ? [] : compared.filter((pod) => isOdd(pod, compared.filter((other) => other !== pod)));
  // where half are odd nobody is
  const standOut = odd.length * 2 > compared.length ? [] : odd.sort((one, other) => other.bad / other.count - one.bad / one.count);
  const shares = compared.filter((pod) => !standOut.includes(pod)).map(({ bad, count }) => bad / count);
  return { compared: compared.length, odd: standOut, lowest: Math.min(...shares), highest: Math.max(...shares) };
}

function isOdd(pod: PodFigure, others: readonly PodFigure[]): boolean {
  const count = others.reduce((sum, other) => sum + other.count, 0);
  const share = others.reduce((sum, other) => sum + other.bad, 0) / count;
  // three standard deviations of both samples, and five points
  const spread = 3 * Math.sqrt(share * (1 - share) * (1 / count + 1 / pod.count)) + 0.05;
  if (pod.bad >= 3 && pod.bad / pod.count > share + spread) return true;
  const [own, usual] = [medianOctave([pod]), medianOctave(others)];
  return own !== undefined && usual !== undefined && own - usual >= 2;
}

function medianOctave(pods: readonly PodFigure[]): number | undefined {
  const octaves = new Map<number, number>();
  for (const pod of pods) for (const [octave, count] of pod.octaves) octaves.set(octave, (octaves.get(octave) ?? 0) + count);
  const all = [...octaves].sort((one, other) => one[0] - other[0]);
  let left = all.reduce((sum, [, count]) => sum + count, 0) / 2;
  return all.find(([, count]) => (left -= count) <= 0)?.[0];
}

function podsSentence(figure: RouteFigure): string {
  const { compared, odd } = comparePods(figure);
  if (compared < 2) return '';
  return odd.length === 0 ? `${compared} of ${compared} pods are alike: not one bad pod` : `${odd.length} of ${compared} pods ${odd.length === 1 ? 'differs' : 'differ'}: ${odd[0]?.name ?? ''}`;
}
