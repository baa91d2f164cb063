import { scrub } from '../lib/scrub.ts';
import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { pairChips, pairText } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import type { Stray } from '../model/stray-tracker.ts';
import { deadPairs, tcpFigures, type TcpFigures } from '../model/tcp-figures.ts';
import { chip } from './chip.ts';
import type { Detector } from './detector.ts';
import { shortCount } from './short-count.ts';

/** How much of the past is looked at. */
const MEMORY_MS = 60_000;
/** An agent that just came knows no connection: what was open before looks as if nobody had opened it. */
const ATTACH_MS = 60_000;
/** Strays that were refused, by RST or dropped, from which it is no accident. */
const LEAST_REFUSED = 3;
const MAX_PODS = 4;
/** Drops of connection tracking for the same cause. */
const STRAY_REASONS = /NOT_SYN|MISSING_TCP_ACK/;

/** Connections that are used although nobody knows them any more: an ACK without a SYN, and a RST for an answer. */
export const deadConnection: Detector = {
  id: 'dead-connection',
  title: 'dead connections that are used again',
  find(state, now) {
    const toMs = now.toSecond * 1000;
    const strays = state.strays.between(toMs - MEMORY_MS, toMs);
    // kernels count what no flow was sent of
    for (const pair of deadPairs(state, now.window)) if (!strays.has(pair)) strays.set(pair, []);
    return [...strays].flatMap(([pair, all]) => deadOf(state, now, { id: pair, strays: all.filter((stray) => !isOfAttach(state, stray)) }));
  },
};

function isOfAttach(state: State, { node, timeMs }: Stray): boolean {
  const known = state.nodes.get(state.nodeNames.get(node));
  if (known === undefined || known.uptimeMs <= 0) return false;
  const startedMs = known.heardMs - known.uptimeMs;
  return timeMs < startedMs + ATTACH_MS && timeMs >= startedMs - ATTACH_MS;
}

function deadOf(state: State, now: Figures, { id, strays }: { id: number; strays: readonly Stray[] }): Finding[] {
  const figure = now.pairs.find((candidate) => candidate.id === id);
  const pair = state.directory.pairAt(id);
  const told = strays.filter(({ end }) => end !== 'passed').length;
  // an ACK that passed and a RST on the same pair: the answer is counted with the pair
  const counted = tcpFigures(state, now.window, [id]);
  const refused = Math.max(told + Math.min(strays.length - told, figure?.resets ?? 0), Math.round(counted?.straysReset ?? 0));
  if (refused < LEAST_REFUSED) return [];
  const count = Math.max(strays.length, Math.round(Math.max(figure?.strays ?? 0, counted?.strays ?? 0)));
  const dropped = strays.filter(({ end }) => end === 'dropped').length;
  const answer = dropped > told / 2 && dropped > 0 ? 'connection tracking drops them' : 'the other end resets them';
  return [{
    key: `dead ${pairText(pair)}`, severity: 'warn', word: 'DEAD', subject: pairText(pair), amount: { value: count / (MEMORY_MS / 1000), unit: '/s', text: `${shortCount(count)}×` }, timesMore: undefined,
    why: `ACK without SYN, ${answer}: dead connections are used`, brief: 'ACK without SYN', sinceMs: strays[0]?.timeMs ?? now.toSecond * 1000,
    chips: [...pairChips(pair), ...(dropped > 0 ? [chip('verdict', 'DROPPED')] : [])], pair,
    evidence: [`${shortCount(count)} connections in 60 s began with an ACK, not with a SYN; ${answer}`, ...(strays.length > 0 ? [`from ${podsText(state, strays)}`] : []), ...evictedText(counted)],
    cause: { text: `${pair.source.name} keeps connections in a pool for longer than the server or a table on the way remembers them (an ACK without SYN has no other usual reason)`, isCertain: false },
    claims: claimsOf(now, { id, pairName: pairText(pair), refused, resets: figure?.resets ?? 0 }),
    next: [hubbleCommand([...pairChips(pair), chip('tcp-flags', 'RST')]).line],
  }];
}

// who forgot the connection is told apart by the RST: an evicted one is known at the other end
function evictedText(counted: TcpFigures | undefined): string[] {
  if (counted === undefined || counted.evicted === 0) return [];
  return [`up to ${shortCount(counted.evicted)} of them may only look so: connection tracking of hubtop evicted entries in the 10 min before; ${shortCount(counted.straysReset)} were answered by RST`];
}

/** Which pods of the client: often it is one whose pool is old. */
function podsText(state: State, strays: readonly Stray[]): string {
  const counts = new Map<string, number>();
  for (const { client } of strays) {
    const pod = scrub(state.endpoints.get(client).pod_name ?? '', 120) || 'an endpoint without a pod';
    counts.set(pod, (counts.get(pod) ?? 0) + 1);
  }
  const sorted = [...counts].sort((one, other) => other[1] - one[1]);
  return `${sorted.slice(0, MAX_PODS).map(([pod, count]) => `${pod} ${count}×`).join(', ')}${sorted.length > MAX_PODS ? ` and ${sorted.length - MAX_PODS} more pods` : ''}`;
}

// the resets and drops that are the same thing told worse
function claimsOf(now: Figures, dead: { id: number; pairName: string; refused: number; resets: number }): string[] {
  const drops = now.drops.filter(({ pairId, reason }) => pairId === dead.id && STRAY_REASONS.test(reason)).map(({ reason }) => `drop ${reason} ${dead.pairName}`);
  return dead.resets > 0 && dead.refused >= dead.resets * 0.5 ? [`resets ${dead.pairName}`, ...drops] : drops;
}
