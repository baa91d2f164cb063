import { rcodeText } from '../model/dns-cells.ts';
import { dnsFigures, type NameFigure } from '../model/dns-figures.ts';
import { codeText } from '../model/l7-cells.ts';
import { l7Figures, type PartFigure, type RouteFigure, type RouteQuantiles } from '../model/l7-figures.ts';
import type { State } from '../model/state.ts';
import { type Data, figureData, percentData } from './data.ts';

/** Callers, pods and askers of one row at most. */
const MAX_PARTS = 20;

/** Requests by route, the busiest first; latencies in ms, null where nobody timed them. */
export function routesData(state: State): Data {
  const { routes, seconds } = l7Figures(state);
  return routes.map((figure) => routeData(figure, seconds));
}

/** How much of the window the counts of routes are of: they are kept in slots of some seconds. */
export function requestsData(state: State): Data {
  const { seconds, isLowerBound, count, answers, bad, callerBad } = l7Figures(state);
  return { observed_seconds: figureData(seconds), is_lower_bound: isLowerBound, requests: figureData(count), answers: figureData(answers), errors: figureData(bad), caller_errors: figureData(callerBad) };
}

function routeData(figure: RouteFigure, seconds: number): Data {
  const { route, server, count, requests, answers, bad, callerBad, codes, timed, quantiles, callers, pods } = figure;
  return {
    server, protocol: route.protocol, method: route.method, path: route.path, count: figureData(count), per_second: figureData(seconds > 0 ? count / seconds : undefined),
    requests: figureData(requests), answers: figureData(answers), errors: figureData(bad), caller_errors: figureData(callerBad),
    error_percent: answers > 0 ? percentData(bad / answers) : null,
    codes: Object.fromEntries(codes.map(([code, number]) => [codeText(code), figureData(number)])),
    timed: figureData(timed), latency_ms: quantilesData(quantiles), callers: callers.slice(0, MAX_PARTS).map(partData), pods: pods.slice(0, MAX_PARTS).map(partData),
  };
}

function partData({ name, count, bad }: PartFigure): Data {
  return { name, count: figureData(count), errors: figureData(bad) };
}

function quantilesData(quantiles: RouteQuantiles | undefined): Data {
  const ms = (us: number | undefined): number | null => figureData(us === undefined ? undefined : us / 1000);
  return { p50: ms(quantiles?.p50), p90: ms(quantiles?.p90), p99: ms(quantiles?.p99), p99_9: ms(quantiles?.p999), max: ms(quantiles?.max) };
}

/** Lookups in all: how they ended, the tries along a search path being one. */
export function lookupsData(state: State): Data {
  const { seconds, isLowerBound, lookups, noise, rcodes } = dnsFigures(state);
  return { observed_seconds: figureData(seconds), is_lower_bound: isLowerBound, lookups: figureData(lookups), search_tries: figureData(noise), rcodes: rcodesData([...rcodes]) };
}

/** Lookups by name, the most asked first. */
export function namesData(state: State): Data {
  return dnsFigures(state).names.map(nameData);
}

/** Answers by resolver. */
export function resolversData(state: State): Data {
  return dnsFigures(state).resolvers.map(({ name, node, answers, bad, rcodes, quantiles }) => (
    { name, node: node === '' ? null : node, answers: figureData(answers), broken: figureData(bad), rcodes: rcodesData(rcodes), latency_ms: quantilesData(quantiles) }));
}

function nameData({ name, lookups, failed, rcodes, quantiles, askers, failedAskers }: NameFigure): Data {
  const parts = (list: NameFigure['askers']): Data => list.slice(0, MAX_PARTS).map((part) => ({ name: part.name, count: figureData(part.count) }));
  return {
    name, lookups: figureData(lookups), failed: figureData(failed), failed_percent: lookups > 0 ? percentData(failed / lookups) : null,
    rcodes: rcodesData(rcodes), latency_ms: quantilesData(quantiles), askers: parts(askers), failed_askers: parts(failedAskers),
  };
}

function rcodesData(rcodes: readonly (readonly [number, number])[]): Data {
  return Object.fromEntries(rcodes.filter(([, count]) => count > 0).map(([rcode, count]) => [rcodeText(rcode), figureData(count)]));
}
