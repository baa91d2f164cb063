import { enumNames } from '../wire/codec.ts';
import { VerdictEnum } from '../wire/gen/flow.ts';
import { figures, rate } from '../model/figures.ts';
import { countsFlows, type State } from '../model/state.ts';
import { type Data, figureData, percentData, timeData } from './data.ts';
import { pairData } from './pair-data.ts';

/** Totals of the window, by verdict. */
export function totalsData(state: State): Data {
  const { window } = figures(state);
  const names = enumNames(VerdictEnum);
  const verdicts = [...window.verdicts].flatMap((flows, number) => (flows > 0 ? [[names.get(number) ?? String(number), figureData(flows)] as const] : []));
  return { flows: figureData(window.flows), flows_per_second: figureData(rate(window.flows, window)), verdicts: Object.fromEntries(verdicts), resets: figureData(window.resets) };
}

/** Drops by reason, all pairs together. */
export function reasonsData(state: State): Data {
  return figures(state).reasons.map(({ reason, class: class_, count, perSecond, share }) => (
    { reason, class: class_, count: figureData(count), per_second: figureData(perSecond), share_percent: percentData(share) }));
}

/** Drops by reason and pair, the most first. */
export function dropsData(state: State): Data {
  return figures(state).drops.map(({ key, reason, class: class_, pair, count, perSecond, nowPerSecond, baselinePerSecond }) => ({
    ...pairData(pair), reason, class: class_, count: figureData(count), per_second: figureData(perSecond), now_per_second: figureData(nowPerSecond),
    before_per_second: figureData(baselinePerSecond), since: timeData(state.firstSeenMs.get(`drop ${key}`)),
  }));
}

/** Volume by pair, the heaviest first; what flows do not carry is null. */
export function pairsData(state: State): Data {
  const fromFlows = countsFlows(state);
  return figures(state).pairs.map(({ pair, flows, connections, bytes, skbs, dropped, resets }) => ({
    ...pairData(pair), flows: figureData(flows), dropped: figureData(dropped), resets: figureData(resets),
    connections: figureData(connections), bytes: fromFlows ? null : figureData(bytes), packets: fromFlows ? null : figureData(skbs),
  }));
}
