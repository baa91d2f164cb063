import { shellWord } from '../flow/shell-word.ts';
import { answeringOf, hearsAnswers } from '../model/answers.ts';
import type { BucketRing } from '../model/bucket-ring.ts';
import { clockText, spanWords } from '../model/clock-text.ts';
import type { Party } from '../model/directory.ts';
import type { Figures, PairFigure } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { pairChips, pairText } from '../model/pair-text.ts';
import { PairColumn, type PairTable } from '../model/pair-table.ts';
import { countsFlows, figuresOf, type State } from '../model/state.ts';
import type { Detector } from './detector.ts';
import { shortCount } from './short-count.ts';

/** Silence that is long enough to tell, and how much of the past is looked through for its beginning. */
const [SILENT_SECONDS, PAST_SECONDS] = [5, 590];
/** Openings within the silence that are enough to tell. */
const LEAST_OPENINGS = 3;
/** Openings a second from which silence where somebody answered is critical. */
const CRITICAL_PER_SECOND = 1;
const TCP = 6;

/** Connections that nobody answers: SYNs, no SYN-ACK, no RST, and no drop that would explain it. */
export const nobodyAnswers: Detector = {
  id: 'nobody-answers',
  title: 'SYNs that nobody answers',
  find(state, now) {
    // a filter may hide the answers; and where none are ever told of, silence means nothing
    if (state.chips.length > 0 || now.seconds < SILENT_SECONDS) return [];
    if (!hearsAnswers(now.pairs)) return [];
    return now.pairs.filter((pair) => pair.pair.protocol === TCP && Math.max(pair.connections, pair.syns) >= LEAST_OPENINGS).flatMap((pair) => silenceOf(state, now, pair));
  },
};

interface Silence {
  /** Second it began in: after the last answer, or with the first opening. */
  fromSecond: number;
  /** Second of the last answer; 0 = none within the time looked through. */
  answeredSecond: number;
  openings: number;
}

function silenceOf(state: State, now: Figures, figure: PairFigure): Finding[] {
  const silence = silenceBefore(figuresOf(state), now.toSecond, figure.id);
  if (silence === undefined || now.toSecond - silence.fromSecond < SILENT_SECONDS || silence.openings < LEAST_OPENINGS) return [];
  const others = othersAnswered(now, figure);
  if (silence.answeredSecond === 0 && others.server === 0 && others.client === 0) return [];
  const { pair } = figure;
  const seconds = now.toSecond - silence.fromSecond;
  const perSecond = silence.openings / seconds;
  const wasAnswered = silence.answeredSecond > 0;
  const what = countsFlows(state) ? 'SYNs, no SYN-ACK, no RST, no drop told' : 'connections opened, no packet back, no drop told';
  return [{
    key: `silent ${pairText(pair)}`, severity: wasAnswered && perSecond >= CRITICAL_PER_SECOND ? 'crit' : 'warn', word: 'SILENT', subject: pairText(pair),
    amount: { value: perSecond, unit: '/s' }, timesMore: undefined,
    why: `nobody answers: ${shortCount(silence.openings)} ${what}`, brief: 'nobody answers', sinceMs: silence.fromSecond * 1000,
    chips: pairChips(pair), pair, target: { view: 'talkers', select: { panel: 0, key: String(figure.id) } },
    evidence: [
      `${shortCount(silence.openings)} ${what} in ${spanWords(seconds * 1000)}`,
      wasAnswered ? `answered until ${clockText(silence.answeredSecond * 1000)}` : 'not answered once since it is watched',
      othersText(pair, others),
    ],
    cause: causeOf(pair, others),
    next: [...podCommand(pair.destination), hubbleCommand(pairChips(pair), { isOneWay: true }).line],
  }];
}

// back in time as long as nothing came back
function silenceBefore(ring: BucketRing, toSecond: number, id: number): Silence | undefined {
  let openings = 0;
  let firstOpening = 0;
  for (let second = toSecond - 1; second > toSecond - PAST_SECONDS && second >= ring.firstSecond; second--) {
    const table = ring.peek(second)?.pairs;
    if (table === undefined) continue;
    if (isAnswered(table, id)) {
      // an answer in the last seconds is no silence; one to the last opening comes in the same second or the next
      return firstOpening === 0 ? undefined : { fromSecond: firstOpening, answeredSecond: second, openings };
    }
    const opened = Math.max(table.value(id, PairColumn.connections), table.value(id, PairColumn.syns));
    if (opened <= 0) continue;
    openings += Math.max(0, opened - table.value(id, PairColumn.dropped));
    firstOpening = second;
  }
  return firstOpening === 0 ? undefined : { fromSecond: firstOpening, answeredSecond: 0, openings };
}

function isAnswered(table: PairTable, id: number): boolean {
  return table.value(id, PairColumn.replies) > 0 || table.value(id, PairColumn.synAcks) > 0 || table.value(id, PairColumn.resets) > 0;
}

/** Pairs that are answered: other callers of the same server and port, and other servers of the same client. */
interface Others {
  server: number;
  client: number;
  /** Other callers of the server that are not answered either. */
  silentToo: number;
}

function othersAnswered(now: Figures, { id, pair }: PairFigure): Others {
  const others: Others = { server: 0, client: 0, silentToo: 0 };
  for (const other of now.pairs) {
    if (other.id === id || other.pair.protocol !== TCP) continue;
    const isSameServer = other.pair.destination === pair.destination && other.pair.port === pair.port;
    const answers = other.replies > other.resets || other.synAcks > 0;
    if (isSameServer && answers) others.server++;
    else if (isSameServer && answeringOf(other, TCP) === 'silent') others.silentToo++;
    else if (other.pair.source === pair.source && answers) others.client++;
  }
  return others;
}

function othersText(pair: PairFigure['pair'], { server, client, silentToo }: Others): string {
  const port = pairText(pair).slice(pairText(pair).indexOf('→') + 2);
  if (server > 0) return `${server} other callers of ${port} are answered`;
  const too = silentToo > 0 ? `${silentToo} other callers of ${port} are not answered either` : `nobody else calls ${port}`;
  return client > 0 ? `${too}; ${client} other servers answer ${pair.source.name}` : too;
}

function causeOf(pair: PairFigure['pair'], { server, client, silentToo }: Others): { text: string; isCertain: boolean } {
  if (server > 0) return { text: `something between the two, not the server: it answers ${server === 1 ? 'another caller' : 'others'}`, isCertain: false };
  if (silentToo > 0 || client > 0) return { text: `${pair.destination.name} does not run, or packets to it vanish without a trace: its other callers are silent too, or the client is answered elsewhere`, isCertain: false };
  return { text: 'the server is gone, or packets vanish without a trace', isCertain: false };
}

function podCommand({ namespace, workload }: Party): string[] {
  return workload === '' ? [] : [`kubectl -n ${shellWord(namespace)} get pods,endpointslices -o wide | grep ${shellWord(workload)}`];
}
