import { fillOf, type Gauge } from '../model/node-state.ts';
import { age, count, grouped, percent } from '../screen/format.ts';

/** What stands behind a gauge's share: entries where they are known, what is pushed out, and the age of a figure that was not counted just now. */
export function gaugeWords(gauge: Gauge, nowMs: number, gone: string): string {
  const { served } = gauge;
  return [
    gauge.maxEntries > 0 ? `${grouped(gauge.entries)} of ${grouped(gauge.maxEntries)}` : '',
    gauge.lostPerSecond > 0 ? `${count(gauge.lostPerSecond)}/s ${gone}` : '',
    served !== undefined && served.rawFill > fillOf(gauge) ? `told as ${percent(served.rawFill)}` : '',
    served === undefined ? '' : `${served.isOlder ? '≥' : ''}${age(nowMs - served.measuredMs)} old`,
  ].filter((part) => part !== '').join(', ');
}
