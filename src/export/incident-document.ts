import { explainDrop } from '../detect/explain-drop.ts';
import type { Explanation } from '../detect/explanation.ts';
import { findings } from '../detect/findings.ts';
import { changeText, changeWord } from '../model/change-words.ts';
import { clockText, rateWords, spanWords } from '../model/clock-text.ts';
import { figures, type Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { momentMs } from '../model/moment.ts';
import { pairText } from '../model/pair-text.ts';
import { countsFlows, type State } from '../model/state.ts';
import { changesAt, incidentsAt, isOpenAt } from '../views/incident-items.ts';
import { amountText } from '../views/problem-words.ts';
import { windowSpan } from './coverage-data.ts';
import type { Block, Document, Section, Table } from './document.ts';
import { coverageBlocks, seenText } from './incident-coverage.ts';
import { incidentFacts } from './incident-facts.ts';
import { requestSections } from './incident-requests.ts';
import { chartLines, streamLines } from './incident-rows.ts';

/** Rows of each table at most; what was left out is said. */
const MAX_ROWS = 25;
/** Findings told in full. */
const MAX_TOLD = 10;

/** What is known of an incident, for somebody who was not there: from the state's moment, window and filter. Nothing in it is redacted yet. */
export function incidentDocument(state: State): Document {
  const list = findings(state);
  const now = figures(state);
  const [first] = list;
  const moment = new Date(momentMs(state)).toISOString().slice(0, 19).replace('T', ' ');
  return {
    title: `Incident ${moment} UTC${first === undefined ? '' : `: ${first.word} ${first.subject}`}`,
    lead: [now.seconds === 0 ? 'Nothing was observed: what is said here is said of nothing.' : leadOf(list), ...(now.isLowerBound ? [`Not all was seen (${seenText(state)}): every count below is at least what stands there.`] : [])],
    facts: incidentFacts(state),
    sections: [
      ...wrongSections(state, list),
      section('What was seen, and what not', coverageBlocks(state)),
      section('What changed in the hour before', changeBlocks(state)),
      section('Incidents', incidentBlocks(state)),
      section(`Flows and drops up to ${clockText(momentMs(state))}`, [{ kind: 'code', lines: chartLines(state) }]),
      section(`Drops in ${state.windowSeconds} s`, [dropTable(state, now)]),
      section(`Pairs in ${state.windowSeconds} s`, [pairTable(state, now)]),
      ...requestSections(state),
      section('The same flows with hubble', hubbleBlocks(state)),
      section('Last rows of the stream', [{ kind: 'code', lines: streamLines(state) }]),
    ],
  };
}

function section(title: string, blocks: readonly Block[], level: Section['level'] = 2): Section {
  return { title, level, blocks };
}

function leadOf(list: readonly Finding[]): string {
  if (list.length === 0) return 'Nothing is wrong that flows can show.';
  const crit = list.filter(({ severity }) => severity === 'crit').length;
  return `${list.length} ${list.length === 1 ? 'thing is' : 'things are'} wrong${crit === 0 ? '' : `, ${crit} of them critical`}.`;
}

function wrongSections(state: State, list: readonly Finding[]): Section[] {
  if (list.length === 0) return [];
  const rest = list.slice(MAX_TOLD);
  return [
    section('What is wrong', rest.length === 0 ? [] : [{ kind: 'text', text: `The ${MAX_TOLD} loudest of ${list.length}; the others are ${rest.map(({ word, subject }) => `${word} ${subject}`).join(', ')}.` }]),
    ...list.slice(0, MAX_TOLD).map((finding) => section(`${finding.severity.toUpperCase()} ${finding.word} ${finding.subject} ${amountText(finding)}`, findingBlocks(state, finding), 3)),
  ];
}

function findingBlocks(state: State, finding: Finding): Block[] {
  // a policy's edit tells of the drops that it made
  const keys = [finding.key, ...(finding.claims ?? [])];
  const drop = figures(state).drops.find(({ pair, reason }) => keys.includes(`drop ${reason} ${pairText(pair)}`));
  const { why, sinceMs, lastMs, timesMore, cause, evidence = [], next = [] } = finding;
  const since = sinceMs > 0 && Number.isFinite(sinceMs) ? `since ${clockText(sinceMs)} (${spanWords(momentMs(state) - sinceMs)})` : '';
  const last = lastMs === undefined ? '' : `last seen ${clockText(lastMs)}`;
  const more = timesMore === undefined ? '' : `${rateWords(timesMore)} times as much as before`;
  const words = [why, since, last, more].filter((text) => text !== '').join(', ');
  return [
    { kind: 'text', text: words },
    // an explanation says all of it, and more
    ...(drop !== undefined ? explanationBlocks(explainDrop(state, drop)) : [
      ...listBlock([...(cause === undefined ? [] : [`${cause.isCertain ? 'CAUSE' : 'LIKELY'} ${cause.text}`]), ...evidence]),
      ...codeBlock(next),
    ]),
  ];
}

function explanationBlocks(told: Explanation): Block[] {
  const causes = told.causes.map((cause) => `${cause.isCertain ? 'CAUSE' : 'LIKELY'} ${cause.text} (${cause.reason})`);
  const policies = told.policies.map(({ name, role, change }) => `policy ${name} ${role}${change === '' ? '' : `, ${change}`}`);
  return [
    ...listBlock([told.title, told.what, ...told.words, ...told.says, ...policies, ...labelled('BEFORE', told.before), ...labelled('AFTER', told.after), ...causes, ...told.unknown.map((text) => `NOT KNOWN ${text}`)]),
    ...codeBlock([...told.next, ...(told.hubble === '' ? [] : [told.hubble])]),
    ...(told.undo === '' ? [] : [{ kind: 'text' as const, text: `To take it back, if you decide so${told.undoNote === '' ? '' : ` (${told.undoNote})`}:` }, ...codeBlock([told.undo])]),
  ];
}

function labelled(label: string, text: string): string[] {
  return text === '' ? [] : [`${label} ${text}`];
}

function listBlock(items: readonly string[]): Block[] {
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

function codeBlock(lines: readonly string[]): Block[] {
  return lines.length === 0 ? [] : [{ kind: 'code', lines }];
}

function hubbleBlocks(state: State): Block[] {
  const { line, notes } = hubbleCommand(state.chips, windowSpan(state));
  return [...codeBlock([line]), ...listBlock(notes)];
}

function changeBlocks(state: State): Block[] {
  const changes = changesAt(state).slice(0, MAX_ROWS);
  if (changes.length === 0) return [{ kind: 'text', text: state.telemetry === 'absent' ? 'A Hubble relay reports no changes.' : 'No change was reported.' }];
  return [{ kind: 'table', head: ['time', 'what', 'of what, by whom', 'node'], rows: changes.map((entry) => [clockText(entry.timeMs), changeWord(entry), changeText(entry), entry.node]) }];
}

function incidentBlocks(state: State): Block[] {
  const list = incidentsAt(state).slice(0, MAX_ROWS);
  if (list.length === 0) return [{ kind: 'text', text: 'None since hubtop began to look.' }];
  return [{
    kind: 'table', head: ['began', 'last seen', 'what', 'at worst', 'why'],
    rows: list.map((incident) => [
      clockText(incident.sinceMs), isOpenAt(incident, state) ? 'goes on' : clockText(incident.lastMs), `${incident.told.word} ${incident.told.subject}`,
      `${incident.worst.severity} ${amountText(incident.worst)}`, incident.told.cause?.text ?? incident.told.why,
    ]),
  }];
}

function dropTable(state: State, now: Figures): Block {
  if (now.drops.length === 0) return { kind: 'text', text: 'None.' };
  const rows = now.drops.slice(0, MAX_ROWS).map(({ key, reason, pair, count, perSecond }) => {
    const sinceMs = state.firstSeenMs.get(`drop ${key}`);
    return [reason, pairText(pair), String(Math.round(count)), rateWords(perSecond), sinceMs === undefined ? '' : clockText(sinceMs)];
  });
  return cut({ kind: 'table', head: ['reason', 'pair', 'count', 'per s', 'first seen'], rows, right: ['count', 'per s'] }, now.drops.length);
}

function pairTable(state: State, now: Figures): Block {
  if (now.pairs.length === 0) return { kind: 'text', text: 'None.' };
  const hasVolume = !countsFlows(state);
  const rows = now.pairs.slice(0, MAX_ROWS).map(({ pair, flows, connections, bytes, dropped, resets }) => (
    [pairText(pair), ...[flows, connections, ...(hasVolume ? [bytes] : []), dropped, resets].map((value) => String(Math.round(value)))]));
  const numbers = ['flows', 'connections', ...(hasVolume ? ['bytes'] : []), 'dropped', 'resets'];
  return cut({ kind: 'table', head: ['pair', ...numbers], rows, right: numbers }, now.pairs.length);
}

function cut(table: Table, total: number): Table {
  const left = total - table.rows.length;
  return left <= 0 ? table : { ...table, rows: [...table.rows, [`and ${left} more`, ...table.head.slice(1).map(() => '')]] };
}
