import { dataAgeMs } from '../model/data-age.ts';
import { figures, isHole, type Figures } from '../model/figures.ts';
import type { CommandSpan } from '../model/hubble-command.ts';
import { countsFlows, figuresOf, type State } from '../model/state.ts';
import { type Data, figureData, percentData, timeData } from './data.ts';

/** What the figures are of, and how much of it was seen: the head of every frame. */
export function headData(state: State): { readonly [key: string]: Data } {
  const now = figures(state);
  return {
    moment: timeData(windowSpan(state).untilMs),
    server: state.server,
    connection: state.connection.state,
    data_age_ms: figureData(dataAgeMs(state)),
    // flows are counted where nobody counts for us, and under a filter
    source: countsFlows(state) ? 'flows' : 'telemetry',
    filter: state.chips.map(({ field, value, isNegated }) => ({ field, value, negated: isNegated })),
    window: { from: timeData(windowSpan(state).sinceMs), to: timeData(windowSpan(state).untilMs), seconds: state.windowSeconds, observed_seconds: figureData(now.seconds) },
    coverage: coverageData(state, now),
  };
}

/** Beginning and end of the window, in ms since 1970; empty while there is no data at all. */
export function windowSpan(state: State): CommandSpan {
  const { fromSecond, toSecond } = figures(state);
  // an empty ring ends at the beginning of 1970
  return toSecond <= 1 ? {} : { sinceMs: fromSecond * 1000, untilMs: toSecond * 1000 };
}

function coverageData(state: State, now: Figures): Data {
  const nodes = [...state.nodes.values()].filter((node) => node.trouble !== 'NODE_GONE');
  const away = nodes.filter((node) => node.trouble !== '');
  return {
    seen_percent: percentData(now.seen),
    // every count of the window is at least what stands here
    is_lower_bound: now.isLowerBound,
    happened: now.ledger.happened > 0 ? figureData(now.ledger.happened) : null,
    lost: figureData(now.ledger.lost),
    losses: lossesData(now),
    gaps: gapsData(state, now),
    nodes: {
      known: nodes.length,
      heard: nodes.length - away.length,
      away: away.map(({ name, trouble, message, troubleSinceMs }) => ({ name, state: trouble, message, since: timeData(troubleSinceMs) })),
    },
  };
}

function lossesData({ ledger }: Figures): Data {
  return [...ledger.losses].sort(([, one], [, other]) => other - one).map(([key, count]) => {
    const [node = '', stage = '', ...cause] = key.split(' ');
    return { node, stage, cause: cause.join(' '), count: figureData(count) };
  });
}

/** Seconds of the window nobody observed, joined to stretches. */
function gapsData(state: State, { fromSecond, toSecond }: Figures): Data {
  const ring = figuresOf(state);
  const gaps: { from: number; to: number }[] = [];
  for (let second = fromSecond; second < toSecond; second++) {
    if (!isHole(ring, second)) continue;
    const last = gaps[gaps.length - 1];
    if (last?.to === second) last.to = second + 1;
    else gaps.push({ from: second, to: second + 1 });
  }
  return gaps.map(({ from, to }) => ({ from: timeData(from * 1000), to: timeData(to * 1000) }));
}
