import { ARRIVAL_MS } from '../detect/rank.ts';
import { changeText, changeWord } from '../model/change-words.ts';
import { knownSeconds } from '../model/figures.ts';
import { BRIEF_LENGTH } from '../model/finding.ts';
import type { Incident } from '../model/incident-log.ts';
import type { State } from '../model/state.ts';
import { age, clock } from '../screen/format.ts';
import { exactly, left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { changeItems, changeKey, changesAt, incidentItems, incidentKey, incidentsAt, isOpenAt } from './incident-items.ts';
import { momentMs } from '../model/moment.ts';
import { amountText, SEVERITY, shortSubject } from './problem-words.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { shareRows } from './share-rows.ts';
import { panelCursor, type View } from './view.ts';
import { wrapAtMost } from './wrap.ts';

/** What was wrong and when, why, and what was changed around it. */
export const incidents: View = {
  id: 'incidents',
  title: 'Incidents',
  short: 'Inc',
  digit: '9',
  footer: ['enter', 'panel-next', 'copy', 'source-workload', 'verdict', 'pause', 'time-back', 'time-forward', 'undo'],
  panels: [{ title: 'incidents', items: incidentItems }, { title: 'what changed', items: changeItems }],
  render(state, size) {
    const list = incidentsAt(state);
    const changes = changesAt(state);
    const detail = detailLines(state, list, size.cols);
    const [listRows = 0, detailRows = 0, changeRows = 0] = shareRows(size.rows, [
      { least: 4, wanted: list.length + 2 }, { least: 4, wanted: detail.length }, { least: 3, wanted: Math.min(changes.length, Math.floor(size.rows / 3)) + 1 },
    ], 2);
    return exactly([
      ...exactly(listSection(state, { cols: size.cols, rows: listRows }), { cols: size.cols, rows: listRows }),
      ...exactly(detail, { cols: size.cols, rows: detailRows }),
      ...exactly(changesSection(state, { cols: size.cols, rows: changeRows }), { cols: size.cols, rows: changeRows }),
    ], size);
  },
};

function listSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const list = incidentsAt(state);
  const { at, isFocused } = panelCursor(state, 'incidents', { panel: 0, keys: list.map(incidentKey) });
  const rows = size.rows - 2;
  const top = scrollTop(at, list.length, rows);
  const lines = list.slice(top, top + rows).map((incident, i) => incidentLine(state, incident, { cols, isSelected: isFocused && top + i === at }));
  if (list.length === 0) lines.push(line(cols, [['   nothing has been wrong since hubtop began to look', 'good'], [` at ${clock(state.startedMs)}Z`, 'dim']]));
  const open = list.filter((incident) => isOpenAt(incident, state)).length;
  const forgotten = state.incidents.forgotten > 0 ? `, ${state.incidents.forgotten} forgotten` : '';
  return [rule(cols, 'INCIDENTS', state.pausedAtMs > 0 ? `as of ${clock(state.pausedAtMs)}Z` : 'newest first', `${open} open, ${list.length - open} over${forgotten}`), heading(cols), ...lines];
}

interface Widths {
  subject: number;
  why: number;
  bar: number;
}

function widths(cols: number): Widths {
  const isWide = cols >= 110;
  const bar = isWide ? 16 + ((cols - 110) >> 2) : 0;
  const rest = cols - 2 - 10 - 7 - 5 - 8 - 1 - (isWide ? 11 + 2 + bar : 0);
  const why = isWide ? Math.max(BRIEF_LENGTH, Math.floor(rest * 0.4)) : BRIEF_LENGTH;
  return { subject: rest - why, why, bar };
}

function heading(cols: number): Line {
  const w = widths(cols);
  const titles = `  ${left('BEGAN Z', 10)}${left('LASTED', 7)}${left('', 5)}${left('WHAT', 8)}${left('', w.subject)} ${cols >= 110 ? `${right('AT WORST', 10)} ` : ''}${left('WHY', w.why)}`;
  return line(cols, [[titles, 'dim'], [w.bar > 0 ? `  ${left('WHEN', w.bar)}` : '', 'dim']]);
}

function incidentLine(state: State, incident: Incident, row: { cols: number; isSelected: boolean }): Line {
  const { cols } = row;
  const w = widths(cols);
  const { worst, told } = incident;
  const isOpen = isOpenAt(incident, state);
  const severity = SEVERITY[worst.severity];
  const until = isOpen ? momentMs(state) : incident.lastMs;
  const pieces: Piece[] = [
    row.isSelected ? ['► ', 'accent'] : '  ', [left(began(state, incident), 10), 'dim'], [left(age(until - incident.sinceMs), 7), isOpen ? 'text' : 'dim'],
    [left(severity.word, 5), isOpen ? severity.role : 'dim'], [left(told.word, 8), isOpen ? 'title' : 'dim'],
    [left(shortSubject(told.subject, w.subject), w.subject), isOpen ? 'text' : 'dim'], ' ',
  ];
  if (cols >= 110) pieces.push([right(amountText(worst), 10), 'text'], ' ');
  pieces.push([left(told.why.length <= w.why ? told.why : told.brief, w.why), 'dim']);
  if (w.bar > 0) pieces.push('  ', ...whenBar(state, incident, { width: w.bar, isOpen, role: severity.role }));
  return line(cols, pieces, row.isSelected ? 'selected' : undefined);
}

// what was there when we came began before that, nobody knows when
function began(state: State, incident: Incident): string {
  return `${incident.sinceMs < state.startedMs + ARRIVAL_MS ? '≤' : ''}${clock(incident.sinceMs)}`;
}

// the time that is known, oldest at the left, and where in it the incident lies
function whenBar(state: State, incident: Incident, bar: { width: number; isOpen: boolean; role: Role }): Piece[] {
  const spanMs = Math.max(60, Math.min(3600, knownSeconds(state))) * 1000;
  const toMs = momentMs(state);
  const cell = (timeMs: number): number => Math.max(0, Math.min(bar.width, Math.round(((timeMs - toMs + spanMs) / spanMs) * bar.width)));
  const from = Math.min(bar.width - 1, cell(incident.sinceMs));
  const to = Math.max(from + 1, cell(bar.isOpen ? toMs : incident.lastMs));
  return [['·'.repeat(from), 'dim'], ['█'.repeat(to - from), bar.isOpen ? bar.role : 'chart'], ['·'.repeat(bar.width - to), 'dim']];
}

function detailLines(state: State, list: readonly Incident[], cols: number): Line[] {
  const { at } = panelCursor(state, 'incidents', { panel: 0, keys: list.map(incidentKey) });
  const incident = list[at];
  if (incident === undefined) return [];
  const { worst, told } = incident;
  const labelled = (label: string, text: string, role: Role = 'text'): Line[] => wrapAtMost(text, { width: cols - 11, rows: TOLD_ROWS }).map((row, i) => line(cols, [' ', [left(i === 0 ? label : '', 9), 'dim'], [row, role]]));
  const end = isOpenAt(incident, state) ? 'still going on' : `over at ${clock(incident.lastMs)}Z`;
  return [
    rule(cols, 'SELECTED', `${told.word} ${shortSubject(told.subject, cols - 40)}`, told.target === undefined && told.chips.length === 0 ? '' : 'Enter shows it'),
    ...labelled('when', `since ${began(state, incident)}Z, ${end}; at worst ${amountText(worst)}`),
    ...labelled('why', told.why),
    ...(told.cause === undefined ? [] : labelled(told.cause.isCertain ? 'cause' : 'LIKELY', told.cause.text, told.cause.isCertain ? 'text' : 'warn')),
    ...(told.evidence ?? []).flatMap((sentence, i) => labelled(i === 0 ? 'because' : '', sentence, 'dim')),
    ...(told.next ?? []).flatMap((command, i) => labelled(i === 0 ? 'next' : '', command, i === 0 ? 'accent' : 'dim')),
  ];
}

/** A sentence about an incident takes so many rows at most. */
const TOLD_ROWS = 3;

function changesSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const list = changesAt(state);
  const { at, isFocused } = panelCursor(state, 'incidents', { panel: 1, keys: list.map(changeKey) });
  const rows = size.rows - 1;
  const top = scrollTop(at, list.length, rows);
  const lines = list.slice(top, top + rows).map((entry, i) => {
    const isSelected = isFocused && top + i === at;
    return line(cols, [isSelected ? ['► ', 'accent'] : '  ', [left(clock(entry.timeMs), 9), 'dim'], [left(changeWord(entry), 18), entry.kind.startsWith('policy-') ? 'warn' : 'title'], middle(changeText(entry), cols - 30)], isSelected ? 'selected' : undefined);
  });
  if (list.length === 0) lines.push(line(cols, [[state.telemetry === 'absent' ? '   none concluded from flows so far; a Hubble relay reports no changes' : '   nothing was changed in the last hour, as far as the agents say', 'dim']]));
  return [rule(cols, 'WHAT CHANGED', '60 min before the moment', isFocused ? 'Enter goes there' : 'Tab'), ...lines];
}
