import { HUBBLE_COMPAT_VERSION, HUBTOP_VERSION } from '../lib/version.ts';
import { chipText } from '../model/chips.ts';
import { figures } from '../model/figures.ts';
import { countsFlows, type State } from '../model/state.ts';
import { windowSpan } from './coverage-data.ts';
import { seenText } from './incident-coverage.ts';

/** What the document is about and where it comes from, as labels and texts. */
export function incidentFacts(state: State): [string, string][] {
  const { sinceMs, untilMs } = windowSpan(state);
  return [
    state.replay === undefined ? ['cluster', `${state.server}, ${state.connection.state}${state.connection.error === '' ? '' : `: ${state.connection.error}`}`] : ['recording', state.server],
    ['window', sinceMs === undefined || untilMs === undefined ? 'nothing was observed' : `${timeText(sinceMs)} to ${timeText(untilMs)}, ${Math.round(figures(state).seconds)} s of ${state.windowSeconds} s observed`],
    ['figures', countsFlows(state) ? 'counted from the flows that came' : 'counted by the kernels, from telemetry'],
    ['filter', state.chips.length === 0 ? 'none' : state.chips.map(chipText).join(' ')],
    ['seen', seenText(state)],
    ['versions', versionsText(state)],
    ['made', `${timeText(state.nowMs)}, after ${Math.round((state.nowMs - state.startedMs) / 1000)} s of watching`],
  ];
}

/** Which programs said this: ours, and the agents' by version. */
export function agentVersions(state: State): { version: string; nodes: number }[] {
  const counts = new Map<string, number>();
  for (const { version } of state.nodes.values()) if (version !== '') counts.set(version, (counts.get(version) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one).map(([version, nodes]) => ({ version, nodes }));
}

function versionsText(state: State): string {
  const agents = agentVersions(state).map(({ version, nodes }) => `${version} on ${nodes}`).join(', ');
  return `hubtop ${HUBTOP_VERSION} (Hubble API ${HUBBLE_COMPAT_VERSION}), agents ${agents === '' ? 'do not say' : agents}`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}
