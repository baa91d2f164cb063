import { figures, rate } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import { dataAgeMs, STALE_MS } from '../model/data-age.ts';
import type { Role } from '../theme/theme.ts';
import { toAscii } from '../screen/ascii.ts';
import { HOLE } from '../screen/chart.ts';
import { age, clock, count, grouped, memory, percent } from '../screen/format.ts';
import { keymap, keyName } from '../screen/keymap.ts';
import { exactly, lengthOf, line, lineText, spread, type Line, type Piece, type Size } from '../screen/line.ts';
import { connectingPage } from './connecting.ts';
import { cursorOf } from '../model/cursors.ts';
import { filterLine } from './filter-line.ts';
import { promptLine, proposalLines } from './prompt-lines.ts';
import { replayBar, replayStrip } from './replay-bar.ts';
import { strip } from './strip.ts';
import { VIEWS, viewOf } from './view-list.ts';
import type { View, ViewContext } from './view.ts';

/** Smallest screen for whole views; below it the strip is shown. */
export const LEAST_SIZE: Size = { cols: 80, rows: 24 };
/** Rows around a view: truth bar, tabs, filter; status, keys. */
export const CHROME_ROWS = 5;
/** Height from which a file that is played has a strip of its own. */
const STRIP_ROWS = 30;

const context: ViewContext = { views: VIEWS, bindings: keymap(VIEWS) };

/** The whole screen for a state: exactly size.rows rows of size.cols cells. Pure. */
export function frame(state: State, size: Size): Line[] {
  const lines = size.cols < LEAST_SIZE.cols || size.rows < LEAST_SIZE.rows ? strip(state, size) : wholeFrame(state, size);
  return state.isAscii ? toAscii(lines) : lines;
}

function wholeFrame(state: State, size: Size): Line[] {
  const { cols } = size;
  const view = viewOf(state.view);
  if (view.isWhole === true) return exactly(view.render(state, size, context), size);
  const body: Size = { cols, rows: size.rows - CHROME_ROWS };
  const isBlank = state.reports === 0 && state.flows.received === 0 && view.id !== 'help' && state.connection.state !== 'live';
  const banner = state.replay === undefined ? bannerLine(state, cols) : size.rows >= STRIP_ROWS ? replayStrip(state, state.replay, cols) : undefined;
  const main = { cols, rows: body.rows - (banner === undefined ? 0 : 1) };
  const lines = isBlank ? exactly(connectingPage(state, main), main) : state.isMaximised ? maximised(view, state, main) : view.render(state, main, context);
  const under = banner === undefined || isBlank || state.replay !== undefined ? lines : lines.map(dimmed);
  const offers = proposalLines(state, main);
  const shown = offers.length === 0 ? under : [...offers, ...under.slice(offers.length)];
  return exactly([
    state.replay === undefined ? truthBar(state, cols) : replayBar(state, state.replay, cols), tabs(view, cols), state.prompt === undefined ? filterLine(state, cols) : promptLine(state.prompt, cols),
    ...(banner === undefined ? [] : [banner]), ...shown,
    statusLine(state, cols), footer(view, cols, state.replay !== undefined),
  ], size);
}

/** How much taller a screen is on which a panel has what it would have without the others. */
const TALLER = 4;

// the panel with the focus, as it would be on a much taller screen, from its rule to the next
function maximised(view: View, state: State, size: Size): Line[] {
  const lines = view.render(state, { cols: size.cols, rows: size.rows * TALLER }, context);
  const panel = view.panels[cursorOf(state, view.id).panel];
  const heading = `── ${(panel?.heading ?? panel?.title ?? '').toUpperCase()} `;
  const from = Math.max(0, lines.findIndex((one) => lineText(one).startsWith(heading)));
  const next = lines.findIndex((one, at) => at > from && lineText(one).startsWith('── '));
  return exactly(lines.slice(from, next < 0 ? undefined : next), size);
}

/** The word that says what the reader looks at, with its role. */
export function stateWord(state: State): { word: string; role: Role } {
  if (state.connection.state !== 'live' && state.reports === 0 && state.flows.received === 0) return { word: 'CONNECTING', role: 'warn' };
  const isLost = state.connection.state !== 'live';
  const old = dataAgeMs(state);
  if (isLost || (state.telemetry === 'present' && old !== undefined && old > STALE_MS)) return { word: old === undefined ? 'NO DATA' : `STALE ${age(old)}`, role: 'banner' };
  if (state.pausedAtMs > 0) return { word: 'PAUSED', role: 'warn' };
  return { word: 'LIVE ●', role: 'good' };
}

function truthBar(state: State, cols: number): Line {
  const isWide = cols >= 110;
  const gap = isWide ? '   ' : ' ';
  const word = stateWord(state);
  const now = figures(state);
  const nodes = [...state.nodes.values()];
  const troubled = nodes.filter((node) => node.trouble !== '').length;
  const old = dataAgeMs(state);
  const bound = now.isLowerBound ? '≥' : '';
  const left: Piece[] = [' [', [word.word, word.role], ']', gap, [shortServer(state.server, isWide ? 24 : 15), 'title'], gap, now.nowSeconds > 0 ? `${bound}${count(rate(now.now.flows, now.now))} fl/s` : '- fl/s'];
  if (nodes.length > 0) left.push(gap, isWide ? 'nodes ' : 'n', [`${nodes.length - troubled}/${nodes.length}`, troubled > 0 ? 'bad' : 'text']);
  const seen = now.seen;
  // nobody knows what happened on a node that is not heard of
  const atMost = now.ledger.isPartial ? '≤' : '';
  left.push(gap, isWide ? 'seen ' : 'seen', seen === undefined ? ['?', 'dim'] : [`${atMost}${percent(seen)}`, seen < 0.995 || atMost !== '' ? 'warn' : 'text']);
  // at 80 columns there is room for one of the two
  if (isWide || state.pausedAtMs === 0) left.push(gap, 'lag ', old === undefined ? ['-', 'dim'] : [age(old), old > STALE_MS ? 'warn' : 'text']);
  if (state.pausedAtMs > 0) left.push(gap, 'behind ', [age(state.nowMs - state.pausedAtMs), 'warn']);
  const { cpuPercent, rssBytes, isSlowTerminal } = state.ownCost;
  const right: Piece[] = [];
  if (state.recording !== undefined) right.push([`REC ${count(state.recording.flows)}  `, 'bad']);
  if (isSlowTerminal) right.push(['SLOW LINK  ', 'warn']);
  if (isWide && rssBytes > 0) right.push([`me ${Math.round(cpuPercent)}% ${memory(rssBytes)}   `, 'dim']);
  right.push([`${clock(state.nowMs)}Z `, 'dim']);
  return spread(cols, left, right);
}

function shortServer(server: string, width: number): string {
  return server.length > width ? `${server.slice(0, width - 1)}…` : server;
}

function tabs(view: View, cols: number): Line {
  const isWide = cols >= 110;
  const pieces: Piece[] = isWide ? [' '] : [];
  for (const one of VIEWS) {
    if (one.digit === undefined) continue;
    const title = isWide ? `${one.digit} ${one.title}` : `${one.digit}${one.short}`;
    pieces.push(one.id === view.id ? [`[${title}]`, 'accent'] : [` ${title} `, 'dim']);
  }
  return spread(cols, pieces, [view.id === 'help' ? ['[? Help]', 'accent'] : ['? help', 'dim'], ' ']);
}

function bannerLine(state: State, cols: number): Line | undefined {
  const word = stateWord(state);
  const old = dataAgeMs(state);
  if (!word.word.startsWith('STALE') || old === undefined) return undefined;
  const cause = state.connection.error === '' ? (state.connection.state === 'live' ? 'the server sends nothing' : 'connection lost') : state.connection.error;
  const retry = state.connection.retryAtMs > state.nowMs ? ` next try in ${age(state.connection.retryAtMs - state.nowMs)}.` : '';
  const words = ` ALL NUMBERS BELOW ARE FROM ${clock(state.nowMs - old)}Z, ${age(old)} old.${retry} ${cause} `;
  return line(cols, [[`${HOLE}${HOLE}${HOLE}${words}${HOLE.repeat(cols)}`, 'banner']], 'banner');
}

function dimmed(row: Line): Line {
  return { ...row, spans: row.spans.map((span) => ({ ...span, role: 'dim' as const })) };
}

function statusLine(state: State, cols: number): Line {
  const left: Piece[] = [' ', ...statusWords(state)];
  const { stream, rows } = state;
  const right: Piece[] = [];
  if (state.view === 'flows') {
    const newer = stream.bottom >= 0 ? rows.next - 1 - stream.bottom : 0;
    const passed = rows.passed > 0 ? `, ${grouped(rows.passed)} not kept` : '';
    if (newer > 0) right.push([`▼ ${grouped(newer)} newer${passed}  `, 'warn']);
    right.push([`${stream.isSample && stream.bottom < 0 ? 'a sample of ' : ''}${state.flows.scope === 'matter' ? 'drops, errors, resets' : state.chips.length > 0 ? 'all that pass' : 'every flow'}, ${grouped(rows.length)} rows `, 'dim']);
  }
  return lengthOf(left) + lengthOf(right) > cols ? line(cols, left) : spread(cols, left, right);
}

/** How long a sentence stays on the status line. */
const STATUS_MS = 8_000;

function statusWords(state: State): Piece[] {
  if (state.status.text !== '' && state.nowMs - state.status.atMs < STATUS_MS) return [[state.status.text, 'text']];
  if (state.connection.state === 'live' && state.flows.error !== '') return [[`flow stream: ${state.flows.error}`, 'warn']];
  const standing = standingWords(state);
  // several things to know for as long as they last: they take turns
  if (standing.length > 0) return [[standing[Math.floor(state.nowMs / STATUS_MS) % standing.length] ?? '', 'warn']];
  if (figures(state).isLowerBound) return [['not everything was seen in this window: counts are lower bounds (≥)', 'warn']];
  return [];
}

function standingWords(state: State): string[] {
  const [page, ...others] = [...state.metricsPages.values()];
  return [
    ...(page === undefined ? [] : [`${page.error}${others.length > 0 ? ` (and ${others.length} more)` : ''}`]),
    ...(state.telemetry === 'absent' && state.hubble.error !== '' && state.connection.state === 'live' ? [`the list of nodes is old, asking for it failed: ${state.hubble.error}`] : []),
    ...(state.telemetry === 'absent' ? [state.replay === undefined ? 'no hubtop telemetry here (a Hubble relay?): figures count the flows received' : 'no telemetry in this file: figures count the flows in it'] : []),
  ];
}

function footer(view: View, cols: number, isReplay: boolean): Line {
  const pieces: Piece[] = [' '];
  const right: Piece[] = [['q', 'accent'], [' quit ', 'dim']];
  const wanted = view.footer.filter((action) => action !== 'quit');
  let room = cols - lengthOf(right) - 2;
  for (const action of ['down', 'up', ...wanted]) {
    const binding = context.bindings.find((candidate) => candidate.action === action);
    const label = action === 'down' ? '' : action === 'up' ? 'move' : isReplay && action === 'pause' ? 'play' : (binding?.footer ?? binding?.label ?? '');
    const key = binding?.keys[0] === undefined ? '' : keyName(binding.keys[0]);
    const taken = key.length + label.length + (action === 'down' ? 1 : 3);
    if (taken > room) continue;
    room -= taken;
    pieces.push([key, 'accent'], [action === 'down' ? '/' : ` ${label}  `, 'dim']);
  }
  return spread(cols, pieces, right);
}
