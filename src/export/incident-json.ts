import { HUBBLE_COMPAT_VERSION, HUBTOP_VERSION } from '../lib/version.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import type { State } from '../model/state.ts';
import { headData, windowSpan } from './coverage-data.ts';
import { type Data, jsonText, SCHEMA, timeData } from './data.ts';
import { explanationsData } from './explanations-data.ts';
import { redactedFlowsData } from './flows-data.ts';
import { agentVersions } from './incident-facts.ts';
import { MAX_STREAM_ROWS } from './incident-rows.ts';
import { nodesData } from './nodes-data.ts';
import { redactText } from './redact.ts';
import { lookupsData, namesData, requestsData, routesData } from './requests-data.ts';
import { dropsData, pairsData, reasonsData, totalsData } from './traffic-data.ts';
import { changesData, findingsData, incidentsData } from './trouble-data.ts';

/** An incident as data: all that a frame of any view says, with explanations and versions. Secrets are taken out. */
export function incidentJson(state: State): string {
  const { line, notes } = hubbleCommand(state.chips, windowSpan(state));
  const data = {
    schema: SCHEMA, kind: 'incident', made: timeData(state.nowMs), watched_since: timeData(state.startedMs),
    ...headData(state),
    hubble: { command: line, notes },
    versions: { hubtop: HUBTOP_VERSION, hubble_api: HUBBLE_COMPAT_VERSION, agents: agentVersions(state).map(({ version, nodes }) => ({ version, nodes })) },
    findings: findingsData(state),
    explanations: explanationsData(state),
    incidents: incidentsData(state),
    changes: changesData(state),
    totals: totalsData(state),
    reasons: reasonsData(state),
    drops: dropsData(state),
    pairs: pairsData(state),
    requests: requestsData(state),
    routes: routesData(state),
    lookups: lookupsData(state),
    names: namesData(state),
    nodes: nodesData(state),
    flows: redactedFlowsData(state, MAX_STREAM_ROWS),
  };
  return `${jsonText(redactedData(data), 2)}\n`;
}

function redactedData(data: Data): Data {
  if (typeof data === 'string') return redactText(data);
  if (Array.isArray(data)) return data.map(redactedData);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, redactedData(value as Data)]));
}
