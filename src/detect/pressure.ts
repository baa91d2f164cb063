import type { Finding } from '../model/finding.ts';
import { growthPerMinute, type NodeField } from '../model/node-history.ts';
import { canFill, fillOf, type Gauge, type NodeState } from '../model/node-state.ts';
import type { State } from '../model/state.ts';
import type { Detector } from './detector.ts';
import { shortCount } from './short-count.ts';

const PRESSURE_WARN = 0.8;
const PRESSURE_CRITICAL = 0.95;
/** Fill from which a table that will be full soon is told before it is. */
const FILLING_FROM = 0.6;
/** "Soon": minutes until it is full at the growth of the last minutes. */
const FILLING_MINUTES = 10;
/** Growth below this a minute is noise. */
const LEAST_GROWTH = 0.005;

/** Conntrack tables and maps that are full or will be. */
export const pressure: Detector = {
  id: 'pressure',
  title: 'conntrack or a map filling',
  find(state) {
    return [...state.nodes.values()].flatMap((node) => [
      ...gaugeFinding(state, { node, gauge: node.conntrack, field: 'conntrack', words: OWN_CONNTRACK }),
      ...gaugeFinding(state, { node, gauge: node.kernelConntrack, field: 'kernelConntrack', words: KERNEL_CONNTRACK }),
      ...node.maps.filter((map) => map !== node.conntrack && canFill(map)).flatMap((gauge, i) => gaugeFinding(state, { node, gauge, field: i === 0 ? 'map' : undefined, words: MAP })),
    ]);
  },
};

interface GaugeWords {
  word: string;
  /** What happens when it is full, long and short. */
  why: string;
  brief: string;
  /** What the entries are called that found no place or lost theirs. */
  gone: string;
}

const OWN_CONNTRACK: GaugeWords = { word: 'CT', why: 'forgets the oldest when full', brief: 'evicts the old', gone: 'evicted' };
const KERNEL_CONNTRACK: GaugeWords = { word: 'CT', why: 'drops new connections when full', brief: 'drops when full', gone: 'refused' };
const MAP: GaugeWords = { word: 'MAP', why: 'refuses new entries when full', brief: 'refuses if full', gone: 'evicted' };

interface Subject {
  node: NodeState;
  gauge: Gauge | undefined;
  /** Where its past is; undefined = nobody remembers it. */
  field: NodeField | undefined;
  words: GaugeWords;
}

function gaugeFinding(state: State, { node, gauge, field, words }: Subject): Finding[] {
  if (gauge === undefined) return [];
  const moment = state.pausedAtMs > 0 ? state.pausedAtMs : state.nowMs;
  const isPast = state.pausedAtMs > 0;
  const remembered = field === undefined ? undefined : node.history?.at(moment, field);
  // of the past only shares are remembered, and not of every map
  if (isPast && remembered === undefined) return [];
  const fill = isPast ? Math.max(0, remembered ?? 0) : fillOf(gauge);
  const growth = field === undefined || node.history === undefined ? undefined : growthPerMinute(node.history, moment, field);
  const minutes = growth !== undefined && growth >= LEAST_GROWTH && fill < PRESSURE_CRITICAL ? (1 - fill) / growth : undefined;
  const isFilling = minutes !== undefined && minutes <= FILLING_MINUTES && fill >= FILLING_FROM;
  const isLosing = !isPast && gauge.lostPerSecond >= 1;
  if (fill < PRESSURE_WARN && !isLosing && !isFilling) return [];
  const gone = `${shortCount(gauge.lostPerSecond)}/s ${words.gone}`;
  const soon = isFilling ? `full in ~${minutesText(minutes)}` : '';
  return [{
    key: `gauge ${node.name} ${gauge.name}`, severity: fill >= PRESSURE_CRITICAL ? 'crit' : 'warn', word: words.word, subject: `${node.name} ${gauge.name}`,
    amount: { value: fill * 100, unit: '%' }, timesMore: undefined,
    why: isLosing ? `${gone}${gauge.maxEntries > 0 ? `, ${entriesText(gauge)}` : ''}` : soon === '' ? words.why : `${soon}: then ${words.why.replace(' when full', '')}`,
    brief: isLosing ? gone : soon === '' ? words.brief : soon,
    sinceMs: (field === undefined ? undefined : node.history?.since(moment, field, isFilling ? FILLING_FROM : PRESSURE_WARN)) ?? 0, chips: [],
    target: { view: 'nodes', select: { panel: 0, key: node.name } },
    evidence: [
      ...(gauge.maxEntries > 0 && !isPast ? [`${entriesText(gauge)} entries`] : []),
      ...(isPast ? [] : servedEvidence(gauge, state.nowMs)),
      ...(growth === undefined || Math.abs(growth) < LEAST_GROWTH ? [] : [`${growth > 0 ? '+' : '-'}${Math.abs(growth * 100).toFixed(1)} % a minute over the last minutes`]),
    ],
  }];
}

function entriesText(gauge: Gauge): string {
  return `${shortCount(gauge.entries)} of ${shortCount(gauge.maxEntries)}`;
}

// a figure of somebody else's is only as good as its age
function servedEvidence({ served }: Gauge, nowMs: number): string[] {
  if (served === undefined) return [];
  const seconds = Math.max(0, Math.round((nowMs - served.measuredMs) / 1000));
  return [`as Cilium's metrics had it ${served.isOlder ? 'at least ' : ''}${seconds} s ago${served.rawFill > served.fill ? `: ${Math.round(served.rawFill * 100)} %, more than full` : ''}`];
}

function minutesText(minutes: number): string {
  return minutes < 1 ? `${Math.max(1, Math.round(minutes * 6)) * 10}s` : `${Math.round(minutes)}m`;
}
