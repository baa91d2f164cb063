import { fillOf, type Gauge } from '../model/node-state.ts';
import { age, count, grouped, percent } from '../screen/format.ts';

/** What stands behind a gauge's share: entries where they are known, how they move where that is a hundredth a minute, what is pushed out, and the age of a figure that was not counted just now. */
export function gaugeWords(gauge: Gauge, words: { nowMs: number; gone: string; isShort?: boolean }): string {
  const { served, growthPerMinute: growth = 0 } = gauge;
  const number = words.isShort === true && served !== undefined ? count : grouped;
  return [
    gauge.maxEntries > 0 ? `${number(gauge.entries)} of ${number(gauge.maxEntries)}` : '',
    Math.abs(growth) * 100 >= gauge.maxEntries && growth !== 0 ? `${growth > 0 ? '+' : '-'}${count(Math.abs(growth))}/min` : '',
    gauge.lostPerSecond > 0 ? `${count(gauge.lostPerSecond)}/s ${words.gone}` : '',
    served !== undefined && served.rawFill > fillOf(gauge) ? `told as ${percent(served.rawFill)}` : '',
    served === undefined ? '' : `${served.isOlder ? '≥' : ''}${age(words.nowMs - served.measuredMs)} old`,
  ].filter((part) => part !== '').join(', ');
}
