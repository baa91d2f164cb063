import type { Finding } from '../model/finding.ts';
import { canFill, share, type Gauge, type NodeState } from '../model/node-state.ts';
import type { State } from '../model/state.ts';
import type { Detector } from './detector.ts';
import { shortCount } from './short-count.ts';

const PRESSURE_WARN = 0.8;
const PRESSURE_CRITICAL = 0.95;

/** Conntrack tables and maps that fill up. */
export const pressure: Detector = {
  id: 'pressure',
  title: 'conntrack or a map filling',
  find: pressureFindings,
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

function pressureFindings(state: State): Finding[] {
  return [...state.nodes.values()].flatMap((node) => [
    ...gaugeFinding(node, node.conntrack, OWN_CONNTRACK),
    ...gaugeFinding(node, node.kernelConntrack, KERNEL_CONNTRACK),
    ...node.maps.filter((map) => map !== node.conntrack && canFill(map)).flatMap((map) => gaugeFinding(node, map, MAP)),
  ]);
}

function gaugeFinding(node: NodeState, gauge: Gauge | undefined, words: GaugeWords): Finding[] {
  if (gauge === undefined) return [];
  const fill = share(gauge.entries, gauge.maxEntries);
  if (fill < PRESSURE_WARN && gauge.lostPerSecond < 1) return [];
  const isLosing = gauge.lostPerSecond >= 1;
  const gone = `${shortCount(gauge.lostPerSecond)}/s ${words.gone}`;
  return [{
    key: `gauge ${node.name} ${gauge.name}`, severity: fill >= PRESSURE_CRITICAL ? 'crit' : 'warn', word: words.word, subject: `${node.name} ${gauge.name}`,
    amount: { value: fill * 100, unit: '%' }, timesMore: undefined,
    why: isLosing ? `${gone}, ${shortCount(gauge.entries)} of ${shortCount(gauge.maxEntries)}` : words.why, brief: isLosing ? gone : words.brief, sinceMs: 0, chips: [],
  }];
}

