import { findings } from '../detect/findings.ts';
import type { Bucket } from '../model/bucket.ts';
import { countsFlows, type State } from '../model/state.ts';
import { dataAgeMs, STALE_MS } from '../model/data-age.ts';
import { figures, rate, series, type Point } from '../model/figures.ts';
import { nodeRows, type NodeRow } from '../model/node-rows.ts';
import { alertsOf, pageAt, takesOver } from '../model/wall.ts';
import type { Finding } from '../model/finding.ts';
import { age, bits, bytes, clock, count } from '../screen/format.ts';
import type { Role } from '../theme/theme.ts';
import { amountText } from './problem-words.ts';

/** A figure to be read from five metres. */
export interface WallFigure {
  label: string;
  /** At most WALL_DIGITS characters of digits, `.`, `k M G`, `%`, `-`, `<`. */
  value: string;
  /** The same for segments, which know no point and no sign: a whole number, or `12K`. */
  lcd: string;
  note: string;
  role: Role;
}

/** A line over the last half hour, oldest first; a hole is a stretch nobody observed. */
export interface WallLine {
  label: string;
  points: (Point | undefined)[];
  role: Role;
}

export interface WallGauge {
  label: string;
  /** 0 to 1. */
  fill: number;
  note: string;
}

export interface WallBar {
  label: string;
  value: number;
  text: string;
}

/** One page of the wall: what there is to see, without how it is drawn. */
export interface WallPage {
  /** Worst of all: what the corner says. */
  severity: 'ok' | Finding['severity'];
  title: string;
  /** Such as `2/4`, or why this page stays. */
  turn: string;
  figures: WallFigure[];
  lines: WallLine[];
  gauges: WallGauge[];
  bars: WallBar[];
  /** What is wrong, loudest first. */
  alerts: Finding[];
  /** Set where the data is old: nothing else may be shown then. */
  stale: { ageText: string; sinceText: string; cause: string } | undefined;
}

/** Longest value of a figure. */
export const WALL_DIGITS = 5;
/** What the lines of the wall cover. */
const LINE_SECONDS = 1_800;
const LINE_POINTS = 60;
const MAX_ALERTS = 3;
/** Old alerts that have a page of their own in the rotation. */
const MAX_ALERT_PAGES = 2;
const MAX_BARS = 6;

/** The page the wall shows at a moment. A green wall from dead data is the worst failure: old data is the whole page then. */
export function wallPage(state: State): WallPage {
  const alerts = findings(state).filter((finding) => finding.severity !== 'note');
  const severity = alerts.some((finding) => finding.severity === 'crit') ? 'crit' : alerts.length > 0 ? 'warn' : 'ok';
  const empty = { severity, alerts: alerts.slice(0, MAX_ALERTS), figures: [], lines: [], gauges: [], bars: [], stale: undefined } as const;
  const stale = staleOf(state);
  if (stale !== undefined) return { ...emptyPage(empty), title: 'STALE', turn: '', alerts: [], severity: 'crit', stale };
  const unseen = alertsOf(state.wall, alerts);
  const fresh = unseen.filter(({ key }) => takesOver(state.incidents.at(key, state.nowMs)?.sinceMs ?? state.nowMs, state.nowMs));
  const first = fresh[pageAt(state.nowMs, fresh.length).page];
  if (first !== undefined) return alertPage(state, emptyPage(empty), { alert: first, turn: fresh.length > 1 ? `${fresh.length} alerts, Space: seen` : 'stays until it is over, Space: seen' });
  return turningPage(state, emptyPage(empty), unseen.slice(0, MAX_ALERT_PAGES));
}

// alerts that have stood for long are pages among the others
function turningPage(state: State, empty: WallPage, alerts: readonly Finding[]): WallPage {
  const pages = alerts.length + PAGES.length;
  const { page, leftMs } = pageAt(state.nowMs, pages);
  const turn = `${page + 1}/${pages}, next in ${Math.ceil(leftMs / 1000)} s`;
  const alert = alerts[page];
  if (alert !== undefined) return alertPage(state, empty, { alert, turn: `${turn}, Space: seen` });
  const made = PAGES[page - alerts.length] ?? trafficPage;
  return { ...empty, ...made(state), turn };
}

function emptyPage(parts: Pick<WallPage, 'severity' | 'alerts' | 'stale'>): WallPage {
  return { title: '', turn: '', figures: [], lines: [], gauges: [], bars: [], ...parts };
}

type PageParts = Partial<WallPage> & Pick<WallPage, 'title'>;

const PAGES: readonly ((state: State) => PageParts)[] = [trafficPage, nodesPage, talkersPage];

function staleOf(state: State): WallPage['stale'] {
  const old = dataAgeMs(state);
  const isLost = state.connection.state !== 'live';
  const limitMs = state.telemetry === 'absent' && !isLost ? Infinity : STALE_MS;
  if (old === undefined) return { ageText: '-', sinceText: 'no data yet', cause: state.connection.error === '' ? 'waiting for an answer' : state.connection.error };
  if (old <= limitMs) return undefined;
  return { ageText: age(old), sinceText: `no data since ${clock(state.nowMs - old)}Z`, cause: state.connection.error === '' ? 'the server sends nothing' : state.connection.error };
}

const DROPPED = 2;
const drops = (bucket: Bucket): number => bucket.verdicts[DROPPED] ?? 0;

function trafficPage(state: State): PageParts {
  return {
    title: 'Traffic', figures: [dropFigure(state), flowFigure(state), seenFigure(state), nodeFigure(state)],
    lines: [line(state, 'drops/s', 'bad', drops), line(state, 'flows/s', 'chart', (bucket) => bucket.flows)],
  };
}

function nodesPage(state: State): PageParts {
  const rows = nodeRows(state);
  const fullest = (label: string, pick: (row: NodeRow) => number | undefined): WallGauge[] => {
    const best = rows.reduce<NodeRow | undefined>((top, row) => ((pick(row) ?? -1) > (top === undefined ? -1 : (pick(top) ?? -1)) ? row : top), undefined);
    const fill = best === undefined ? undefined : pick(best);
    return best === undefined || fill === undefined ? [] : [{ label, fill, note: best.node.name }];
  };
  return {
    title: 'Nodes', figures: [nodeFigure(state), seenFigure(state)],
    gauges: [...fullest('conntrack', (row) => row.conntrack), ...fullest('nf_conntrack', (row) => row.kernelConntrack), ...fullest('event ring', (row) => row.ring)],
    bars: rows.filter((row) => row.flowsPerSecond > 0).toSorted((one, other) => other.flowsPerSecond - one.flowsPerSecond).slice(0, MAX_BARS)
      .map((row) => ({ label: row.node.name, value: row.flowsPerSecond, text: `${count(row.flowsPerSecond)}/s` })),
  };
}

function talkersPage(state: State): PageParts {
  const { pairs, seconds } = figures(state);
  const isByFlows = countsFlows(state);
  const bars = pairs.slice(0, MAX_BARS).map(({ pair, bytes: moved, flows }): WallBar => {
    const value = (isByFlows ? flows : moved) / Math.max(1, seconds);
    return { label: `${pair.source.name.replace(/^.*\//, '')} → ${pair.destination.name.replace(/^.*\//, '')}`, value, text: `${isByFlows ? count(value) : (state.isInBits ? bits : bytes)(value)}/s` };
  });
  return { title: isByFlows ? 'Talkers by flows' : 'Talkers by bytes', figures: [flowFigure(state), dropFigure(state)], bars };
}

function alertPage(state: State, empty: WallPage, { alert, turn }: { alert: Finding; turn: string }): WallPage {
  const isRate = alert.amount.unit !== '' && alert.amount.text === undefined;
  const figure: WallFigure = { label: alert.word, value: isRate ? figureText(alert.amount.value) : '!', lcd: isRate ? lcdText(alert.amount.value) : '*', note: `${isRate ? alert.amount.unit.replace('/', 'a ').replace('a s', 'a second') : amountText(alert)} ${alert.subject}`, role: 'bad' };
  return { ...empty, title: 'ALERT', turn, figures: [figure, alert.word === 'DROPS' || alert.word === 'POLICY' ? flowFigure(state) : seenFigure(state)], lines: [line(state, 'drops/s', 'bad', drops), line(state, 'flows/s', 'chart', (bucket) => bucket.flows)], alerts: [alert, ...empty.alerts.filter(({ key }) => key !== alert.key)].slice(0, MAX_ALERTS) };
}

function dropFigure(state: State): WallFigure {
  const { now } = figures(state);
  const value = rate(drops(now), now);
  return { label: 'DROPS a second', value: figureText(value), lcd: lcdText(value), note: boundText(state), role: value > 0 ? 'bad' : 'good' };
}

function flowFigure(state: State): WallFigure {
  const { now } = figures(state);
  return { label: 'FLOWS a second', value: figureText(rate(now.flows, now)), lcd: lcdText(rate(now.flows, now)), note: boundText(state), role: 'text' };
}

function boundText(state: State): string {
  return figures(state).isLowerBound ? 'at least: not all was seen' : '';
}

function seenFigure(state: State): WallFigure {
  const { seen, ledger } = figures(state);
  if (seen === undefined) return { label: 'YOU SEE', value: '-', lcd: '-', note: 'nobody counts what was not seen', role: 'dim' };
  const share = Math.floor(seen * 1000) / 10;
  const value = share >= 99.95 || share >= 100 ? '100%' : `${share < 10 ? share.toFixed(1) : Math.floor(share)}%`;
  return { label: 'YOU SEE', value, lcd: value.replace(/[.%].*$/, ''), note: ledger.isPartial ? 'at most: a node is away' : '', role: seen < 0.9 ? 'bad' : seen < 0.995 ? 'warn' : 'good' };
}

function nodeFigure(state: State): WallFigure {
  const all = state.nodes.size;
  const well = [...state.nodes.values()].filter((node) => node.trouble === '').length;
  return { label: 'NODES', value: all === 0 ? '-' : String(well), lcd: all === 0 ? '-' : lcdText(well), note: all === 0 ? 'not known' : `of ${all}`, role: well < all ? 'bad' : 'good' };
}

/** A number in at most four characters a five-metre digit can show. */
function figureText(value: number): string {
  return count(value).slice(0, WALL_DIGITS);
}

// what is there but below one shows as its rounding; the value beside it is exact
function lcdText(value: number): string {
  return value < 99_999.5 ? String(Math.round(value)) : value < 9_999_500 ? `${Math.round(value / 1e3)}K` : `${Math.round(value / 1e6)}M`;
}

function line(state: State, label: string, role: Role, value: (bucket: Bucket) => number): WallLine {
  return { label, role, points: series(state, { columns: LINE_POINTS, secondsPerColumn: LINE_SECONDS / LINE_POINTS }, value) };
}
