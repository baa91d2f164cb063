import { answeringOf, hearsAnswers, type Answering } from '../model/answers.ts';
import { dropWords } from '../model/drop-words.ts';
import { figures, secondsPerColumn, series } from '../model/figures.ts';
import { flowGroups } from '../model/flow-groups.ts';
import { latencyText } from '../model/latency-text.ts';
import { PairColumn } from '../model/pair-table.ts';
import { countsFlows, type State } from '../model/state.ts';
import type { Talker, Talkers } from '../model/talkers.ts';
import { tcpFigures } from '../model/tcp-figures.ts';
import { columns, highest, type ChartPoint } from '../screen/chart.ts';
import { count } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { worstDrop } from './drop-lead.ts';
import { newWords } from './new-pair.ts';
import { rule } from './rule.ts';
import { trendOf } from './talker-table.ts';

/** SELECTED: the row under the cursor over time, its ports, and whether anybody answers. */
export function talkerSelected(state: State, row: Talker | undefined, all: Talkers, cols: number): Line[] {
  if (row === undefined) return [rule(cols, 'SELECTED'), line(cols, [['   nothing is selected', 'dim']])];
  return [rule(cols, 'SELECTED', titleOf(row, cols - 40), 'Enter flows of it'), ...chartLines(state, row, all, cols), detailLine(state, row, all, cols), ...tcpLines(state, row, cols)];
}

function titleOf({ source, destination, port }: Talker, width: number): string {
  if (destination === '') return middle(source, width);
  const both = width - 3 - port.length;
  const atSource = Math.max(both >> 1, both - destination.length);
  return `${middle(source, atSource)} → ${middle(destination, both - Math.min(source.length, atSource))}${port}`;
}

function chartLines(state: State, row: Talker, all: Talkers, cols: number): Line[] {
  const tailWidth = cols >= 110 ? 44 : 26;
  const width = cols - 10 - tailWidth;
  const seconds = Math.max(0.001, all.seconds);
  if (row.flowGroup !== undefined) return [chart(cols, { label: 'events', points: trendOf(state, row, width), role: 'chart', tail: [`${count(row.counts.flows / seconds)}/s`, 'text'] }, width)];
  const sum = (column: number): ChartPoint[] => series(state, { columns: width, secondsPerColumn: secondsPerColumn(state, width) }, (bucket) => {
    let total = 0;
    for (const id of row.pairs) total += bucket.pairs.value(id, column);
    return total;
  });
  const dropped = row.counts.dropped > 0.5;
  return [
    chart(cols, { label: 'new/s', points: sum(PairColumn.connections), role: 'chart', tail: [`${count(row.counts.connections / seconds)}/s${podsText(state, row)}`, 'text'] }, width),
    chart(cols, { label: 'drop/s', points: sum(PairColumn.dropped), role: 'bad', tail: [`${count(row.counts.dropped / seconds)}/s${dropped ? `  ${reasonText(state, row)}` : ''}`, dropped ? 'bad' : 'dim'] }, width),
  ];
}

function chart(cols: number, one: { label: string; points: readonly ChartPoint[]; role: Role; tail: Piece }, width: number): Line {
  return line(cols, [' ', [left(one.label, 7), 'dim'], ' ', [left(columns(one.points, 1, highest(one.points))[0] ?? '', width), one.role], ' ', one.tail]);
}

/** How many pods of each side were met; only where every flow of the row comes. */
function podsText(state: State, row: Talker): string {
  if (!countsFlows(state) || row.pairs.length !== 1) return '';
  const [clients, servers] = [new Set<string>(), new Set<string>()];
  const pair = state.directory.pairAt(row.pairs[0] ?? 0);
  for (const group of flowGroups(state, 'pod').groups) {
    if (group.pair !== pair) continue;
    if (group.client.isPod) clients.add(`${group.client.namespace}/${group.client.name}`);
    if (group.server.isPod) servers.add(`${group.server.namespace}/${group.server.name}`);
  }
  return clients.size + servers.size === 0 ? '' : `  pods ${clients.size === 0 ? '-' : clients.size} → ${servers.size === 0 ? '-' : servers.size}`;
}

function reasonText(state: State, row: Talker): string {
  const worst = worstDrop(state, row.pairs);
  if (worst === undefined) return '';
  const words = dropWords(worst.reason, worst.class).brief;
  return `${words === '' ? worst.reason : words}  3 explains`;
}

const ANSWER_WORDS: Readonly<Record<Answering, readonly [string, Role]>> = {
  answers: ['', 'dim'], unknown: ['', 'dim'], resets: ['→ answered by RST only', 'warn'], silent: ['→ nobody answers', 'bad'], dropped: ['→ dropped on the way', 'bad'],
};

function detailLine(state: State, row: Talker, all: Talkers, cols: number): Line {
  const seconds = Math.max(0.001, all.seconds);
  const per = (value: number): string => (value === 0 ? '0' : `${count(value / seconds)}/s`);
  if (row.flowGroup !== undefined) {
    const { opened, dropped, resets } = row.flowGroup;
    return line(cols, [' ', [left('opened', 8), 'dim'], per(opened), ['   dropped ', 'dim'], per(dropped), ['   RST ', 'dim'], per(resets)]);
  }
  const { syns, synAcks, resets, connections, replies, strays } = row.counts;
  const [words, role] = ANSWER_WORDS[hearsAnswers(figures(state).pairs) ? answeringOf(row.counts, row.protocol) : 'unknown'];
  const isByFlows = countsFlows(state);
  const flags: Piece[] = row.protocol !== TCP
    ? [[`opened ${per(connections)}   packets back ${per(replies)}`, 'text']]
    : isByFlows ? [[`SYN ${per(syns)}   SYN-ACK ${per(synAcks)}   RST ${per(resets)}`, 'text']]
    : [[`opened ${per(connections)}   packets back ${per(replies)}   RST ${per(resets)}`, 'text']];
  if (strays > 0) flags.push([`   ACK without SYN ${per(strays)}`, 'warn']);
  const isNew = newWords(state, row.pairs);
  if (isNew !== '') flags.push([`   ${isNew}`, 'accent']);
  const ports = cols >= 110 || row.protocol !== TCP ? portsText(state, row, seconds) : '';
  return line(cols, [' ', [left('answers', 8), 'dim'], ...flags, '   ', [words, role], words === '' ? '' : '   ', [ports === '' ? '' : 'ports ', 'dim'], ports]);
}

/** What the kernels of both ends say of TCP; no line where none does. */
function tcpLines(state: State, row: Talker, cols: number): Line[] {
  const { window, seconds } = figures(state);
  const tcp = tcpFigures(state, window, row.pairs);
  if (tcp === undefined) return [];
  const per = (value: number): string => `${count(value / Math.max(0.001, seconds))}/s`;
  const pieces: Piece[] = [[tcp.handshakeUs === undefined ? 'no SYN was answered' : `SYN-ACK after ${latencyText(tcp.handshakeUs)}`, 'text']];
  for (const { by, reason, count: resets } of tcp.resets.slice(0, 2)) pieces.push([`   RST by ${by}: ${reason} ${per(resets)}`, 'warn']);
  for (const by of ['client', 'server'] as const) if (tcp.again[by] > 0) pieces.push([`   ${by} sends again ${per(tcp.again[by])}`, 'warn']);
  if (tcp.strays > 0) pieces.push([`   ACK without SYN ${per(tcp.strays)}${tcp.straysReset > 0 ? `, reset ${per(tcp.straysReset)}` : ''}${tcp.evicted > 0 ? ', evicted here?' : ''}`, 'warn']);
  return [line(cols, [' ', [left('TCP', 8), 'dim'], ...pieces])];
}

const TCP = 6;

/** Every port the two talk on, the busiest first. */
function portsText(state: State, row: Talker, seconds: number): string {
  const pair = state.directory.pairAt(row.pairs[0] ?? 0);
  const ids = new Set(row.pairs);
  const ports = new Map<number, number>();
  for (const figure of figures(state).pairs) {
    const isMeant = row.pairs.length === 1 ? figure.pair.source === pair.source && figure.pair.destination === pair.destination : ids.has(figure.id);
    if (isMeant && figure.pair.port > 0) ports.set(figure.pair.port, (ports.get(figure.pair.port) ?? 0) + Math.max(figure.flows, figure.dropped));
  }
  const sorted = [...ports].sort((one, other) => other[1] - one[1]);
  const shown = sorted.slice(0, 4).map(([port, flows]) => `${port} ${count(flows / seconds)}/s`).join('  ');
  return sorted.length > 4 ? `${shown}  ${right(`+${sorted.length - 4}`, 0)}` : shown;
}
