import { scrub } from '../lib/scrub.ts';
import { clockText, spanWords } from '../model/clock-text.ts';
import { conversationOf } from '../model/conversation.ts';
import { figuresOf, type State } from '../model/state.ts';
import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { pairChips, portText } from '../model/pair-text.ts';
import { PairColumn } from '../model/pair-table.ts';
import { shellWord } from '../flow/shell-word.ts';
import type { Detector } from './detector.ts';
import { lastFlow } from './last-flow.ts';
import { lateEdges, type LateEdge } from './late-edges.ts';
import { shortCount } from './short-count.ts';

/** It stays told for an hour: whoever opens the dashboard later has to see it. */
const TOLD_SECONDS = 3_600;
/** Bytes from which it is critical whoever sends them, and from somebody whose labels say that his data is delicate. */
const [CRITICAL_BYTES, CRITICAL_DELICATE_BYTES] = [50e6, 100e3];
/** Seconds of the rate that is told, and that it is compared with. */
const NOW_SECONDS = 5;

/** A workload that never talked to the world, and does now. */
export const rogueEgress: Detector = {
  id: 'rogue-egress',
  title: 'first traffic to the world',
  find: (state, now) => lateEdges(state, now, TOLD_SECONDS).filter(({ isFirstToWorld }) => isFirstToWorld).map((edge) => findingOf(state, now, edge)),
};

interface Sent {
  /** 0 where nobody counts bytes. */
  bytes: number;
  flows: number;
  nowPerSecond: number;
  isRising: boolean;
}

function findingOf(state: State, now: Figures, late: LateEdge): Finding {
  const { pair, edge, id } = late;
  const sent = sentBy(state, now, late);
  const { address, isUnnamed } = whereTo(state, now, id);
  const subject = `${pair.source.name} → world${address === '' ? '' : ` ${address}`}${portText(pair)}`;
  const label = pair.source.sensitivity;
  const volume = sent.bytes > 0 ? `${bytesText(sent.bytes)} so far${sent.isRising ? ', rising' : ''}` : `${shortCount(sent.flows)} flows so far`;
  return {
    key: `egress ${pair.source.name} ${portText(pair)}`, severity: late.isQuiet ? 'note' : severityOf(sent, label), ...(late.isQuiet ? { lastMs: edge.lastSecond * 1000 } : {}),
    word: 'EGRESS', subject, amount: { value: sent.nowPerSecond, unit: '/s', ...(sent.bytes > 0 ? { text: `${bytesText(sent.nowPerSecond)}/s` } : {}) }, timesMore: undefined,
    why: `never talked to the world before; ${volume}${label === undefined ? '' : `; ${label}`}`, brief: label === undefined ? 'first to world' : label.slice(0, 15), sinceMs: edge.firstSecond * 1000,
    chips: pairChips(pair), pair,
    evidence: [
      `no traffic of ${pair.source.name} to the world in the ${spanWords(late.watchedSeconds * 1000)} before ${clockText(edge.firstSecond * 1000)}`,
      volume,
      ...(label === undefined ? [] : [`its labels say ${label}`]),
      ...(isUnnamed ? [`no DNS name is known for ${address}`] : []),
      ...policyEvidence(state, id),
    ],
    next: [...(podsCommand(pair.source)), hubbleCommand(pairChips(pair), { isOneWay: true }).line],
  };
}

function severityOf({ bytes }: Sent, label: string | undefined): Finding['severity'] {
  if (bytes >= CRITICAL_BYTES) return 'crit';
  // flows have no bytes: there the label alone counts
  return label !== undefined && (bytes === 0 || bytes >= CRITICAL_DELICATE_BYTES) ? 'crit' : 'warn';
}

function sentBy(state: State, now: Figures, { id, edge }: LateEdge): Sent {
  const ring = figuresOf(state);
  const sum = (from: number, to: number, column: number): number => {
    let total = 0;
    for (const { bucket, share } of ring.stretches(from, to)) total += (bucket?.pairs.value(id, column) ?? 0) * share;
    return total;
  };
  const bytes = sum(edge.firstSecond - 1, now.toSecond, PairColumn.bytes);
  const column = bytes > 0 ? PairColumn.bytes : PairColumn.flows;
  const [lately, before] = [sum(now.toSecond - NOW_SECONDS, now.toSecond, column), sum(now.toSecond - 2 * NOW_SECONDS, now.toSecond - NOW_SECONDS, column)];
  return { bytes, flows: sum(edge.firstSecond - 1, now.toSecond, PairColumn.flows), nowPerSecond: lately / NOW_SECONDS, isRising: before > 0 && lately > before * 1.2 };
}

// the address is in flows alone: telemetry knows one party, the world
function whereTo(state: State, now: Figures, pair: number): { address: string; isUnnamed: boolean } {
  const flow = lastFlow(state, pair, now.toSecond * 1000);
  if (flow === undefined) return { address: '', isUnnamed: false };
  const { server } = conversationOf(flow);
  const name = scrub((server.names?.[0] ?? '').replace(/\.$/, ''), 80);
  return name === '' ? { address: scrub(server.ip, 45), isUnnamed: true } : { address: name, isUnnamed: false };
}

function policyEvidence(state: State, pair: number): string[] {
  const allowed = state.allowedBy.of(pair, Infinity).map(({ policy }) => policy.name);
  return allowed.length === 0 ? [] : [`allowed by ${[...new Set(allowed)].slice(0, 3).join(', ')}`];
}

function podsCommand({ namespace, workload }: LateEdge['pair']['source']): string[] {
  return workload === '' ? [] : [`kubectl -n ${shellWord(namespace)} get pods -o wide | grep ${shellWord(workload)}`];
}

function bytesText(value: number): string {
  return value < 999.5 ? `${Math.round(value)} B` : value < 999_500 ? `${Math.round(value / 1e3)} kB` : `${(value / 1e6).toFixed(value < 9.95e6 ? 1 : 0)} MB`;
}
