import { dnsFigures } from '../model/dns-figures.ts';
import type { DropFigure, Figures, PairFigure } from '../model/figures.ts';
import { pairText, portText } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import { NOW_SECONDS } from './route-jumps.ts';
import { shortCount } from './short-count.ts';

/** What is wrong below a server, where its packets and its names are. */
export interface L4Cause {
  /** Such as `payments/checkout → payments/ledger:8443 loses 412/s (POLICY_DENIED)`. */
  text: string;
  /** The same beside the server's name: `→ payments/ledger:8443 loses 412/s: POLICY_DENIED`. */
  brief: string;
  /** When it was first seen; 0 = nobody knows. */
  sinceMs: number;
  /** Key of the finding that tells it, where there is one. */
  key: string;
  /** View that explains it. */
  view: 'drops' | 'flows' | 'dns';
}

/** Lookups that must have come to nothing before they are called a cause, and their part of all. */
const LEAST_FAILED = 3;
const LEAST_SHARE = 0.05;

/** What could make the answers of a server slow or wrong: its own packets that are dropped or reset, its lookups that fail, then what is dropped on the way to it. */
export function l4Cause(state: State, now: Figures, server: string): L4Cause | undefined {
  return droppedFrom(state, now, server) ?? resetFrom(state, now, server) ?? lookupsOf(state, server) ?? droppedTo(state, now, server);
}

function droppedFrom(state: State, now: Figures, server: string): L4Cause | undefined {
  const found = now.drops.find((drop) => drop.pair.source.name === server && drop.class !== 'ok' && drop.count >= 1);
  return found === undefined ? undefined : dropCause(state, found, `→ ${found.pair.destination.name}${portText(found.pair)}`);
}

function droppedTo(state: State, now: Figures, server: string): L4Cause | undefined {
  const found = now.drops.find((drop) => drop.pair.destination.name === server && drop.class !== 'ok' && drop.count >= 1);
  return found === undefined ? undefined : dropCause(state, found, `${found.pair.source.name} → its ${portText(found.pair)}`);
}

function dropCause(state: State, drop: DropFigure, brief: string): L4Cause {
  const many = drop.perSecond >= 1 ? `${shortCount(drop.perSecond)}/s` : `${shortCount(drop.count)} packets`;
  return { text: `${pairText(drop.pair)} loses ${many}: ${drop.reason}`, brief: `${brief} loses ${many}: ${drop.reason}`, sinceMs: state.firstSeenMs.get(`drop ${drop.key}`) ?? 0, key: `drop ${drop.reason} ${pairText(drop.pair)}`, view: 'drops' };
}

function resetFrom(state: State, now: Figures, server: string): L4Cause | undefined {
  const found = now.pairs.find((pair: PairFigure) => pair.pair.source.name === server && pair.resets >= 1);
  if (found === undefined) return undefined;
  const times = `is reset, ${shortCount(found.resets)} times`;
  return { text: `${pairText(found.pair)} ${times}`, brief: `→ ${found.pair.destination.name}${portText(found.pair)} ${times}`, sinceMs: state.firstSeenMs.get(`resets ${found.id}`) ?? 0, key: `resets ${pairText(found.pair)}`, view: 'flows' };
}

function lookupsOf(state: State, server: string): L4Cause | undefined {
  const { askers, names } = dnsFigures(state, NOW_SECONDS);
  const asker = askers.find(({ name, lookups, unanswered, broken }) => name === server && unanswered + broken >= Math.max(LEAST_FAILED, LEAST_SHARE * lookups));
  if (asker === undefined) return undefined;
  const name = names.find((one) => one.failedAskers.some(({ id }) => id === asker.id))?.name ?? '';
  const lookups = `${shortCount(asker.unanswered + asker.broken)} lookups`;
  const such = name === '' ? '' : `, such as ${name}`;
  return { text: `${lookups} of ${server} came to nothing${such}`, brief: `${lookups} came to nothing${such}`, sinceMs: 0, key: '', view: 'dns' };
}
