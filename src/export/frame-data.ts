import type { State } from '../model/state.ts';
import { headData } from './coverage-data.ts';
import { type Data, jsonText, SCHEMA } from './data.ts';
import { explanationsData } from './explanations-data.ts';
import { flowsData } from './flows-data.ts';
import { nodesData } from './nodes-data.ts';
import { lookupsData, namesData, requestsData, resolversData, routesData } from './requests-data.ts';
import { talkersData } from './talkers-data.ts';
import { dropsData, pairsData, reasonsData, totalsData } from './traffic-data.ts';
import { changesData, findingsData, incidentsData } from './trouble-data.ts';

type Section = (state: State) => Data;

/** What each view says as data, by view id. A new view is a line here. */
const SECTIONS: Readonly<Record<string, Readonly<Record<string, Section>>>> = {
  overview: { findings: findingsData, totals: totalsData, reasons: reasonsData, pairs: pairsData, nodes: nodesData },
  flows: { flows: flowsData },
  drops: { reasons: reasonsData, drops: dropsData, explanations: explanationsData },
  talkers: { totals: totalsData, talkers: talkersData, pairs: pairsData },
  l7: { requests: requestsData, routes: routesData },
  dns: { lookups: lookupsData, names: namesData, resolvers: resolversData },
  nodes: { nodes: nodesData },
  map: { pairs: pairsData },
  wall: { findings: findingsData, totals: totalsData, nodes: nodesData },
  incidents: { incidents: incidentsData, changes: changesData },
};

/** Views that can be had as data. */
export const DATA_VIEWS: readonly string[] = Object.keys(SECTIONS);

/** A frame as data: what a view says at the state's moment and window, and how much of it was seen. Names are the model's. */
export function frameData(state: State, view: string): { readonly [key: string]: Data } {
  const sections = Object.entries((Object.hasOwn(SECTIONS, view) ? SECTIONS[view] : undefined) ?? {});
  return { schema: SCHEMA, kind: 'frame', view, ...headData(state), ...Object.fromEntries(sections.map(([name, section]) => [name, section(state)])) };
}

/** The same as one line of JSON. */
export function frameJson(state: State, view: string): string {
  return jsonText(frameData(state, view));
}
