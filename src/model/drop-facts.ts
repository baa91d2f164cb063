import type { Endpoint } from '../wire/gen/flow.ts';
import type { PolicyRef } from './policy-ref.ts';

/** Drops (reason and pair) whose facts are kept; the one that was heard of first goes first. */
export const MAX_DROPS = 1_024;
/** Different refusals kept of one drop, and pods, nodes and addresses on each of its sides. */
const MAX_VERSIONS = 4;
export const MAX_WITNESSES = 64;
const MAX_ADDRESSES = 16;
/** Flows of one drop that are read whole: one of each kind in this time; and of all drops in a second. */
const READ_EVERY_MS = 250;
const MAX_READS_PER_SECOND = 200;

/** Why a policy refused, as somebody said. */
export interface Refusal {
  /** Who: the node's own words in a report or an extension, or the fields of Hubble's flow. */
  source: 'telemetry' | 'extension' | 'flow';
  /** Of which end: egress at the source, ingress at the destination; empty where nobody says. */
  direction: 'egress' | 'ingress' | '';
  deniedBy: readonly PolicyRef[];
  /** Only our agents say which policies select the refusing end. */
  selecting: readonly PolicyRef[];
  closest: { policy: PolicyRef | undefined; rule: string; misses: readonly string[] } | undefined;
  /** Flow.policy_log. */
  log: readonly string[];
}

/** A refusal, and from when to when it was heard. */
export interface RefusalFact extends Refusal {
  firstMs: number;
  lastMs: number;
  count: number;
}

/** What is known of one drop beyond its count. Ids are the interner's; sets hold MAX_WITNESSES at most. */
export interface DropFact {
  /** Oldest first. */
  refusals: RefusalFact[];
  /** Flows that were read whole: policy verdicts, which name policies, and drop events, which do not. */
  verdictsRead: number;
  eventsRead: number;
  sources: Set<number>;
  destinations: Set<number>;
  nodes: Set<number>;
  /** One of each side, the newest: for labels and identities. */
  source: Endpoint | undefined;
  destination: Endpoint | undefined;
  sourceAddresses: Set<string>;
  destinationAddresses: Set<string>;
  /** At which end the drop events say it was; empty where they do not. */
  direction: Refusal['direction'];
  /** Where in the datapath, such as bpf_lxc.c:1422; empty where nobody says. */
  file: string;
  /** Raw *_allowed_by of a dropped flow: what the other direction said, never the cause. */
  allowedBy: readonly PolicyRef[];
  nextVerdictMs: number;
  nextEventMs: number;
}

/** Facts of drops by dropKey, bounded: what an explanation needs and a count cannot tell. */
export class DropFacts {
  /** Drops whose facts were forgotten for room. */
  forgottenCount = 0;
  private readonly facts = new Map<number, DropFact>();
  private readSecond = 0;
  private readsLeft = MAX_READS_PER_SECOND;

  get(key: number): DropFact | undefined {
    return this.facts.get(key);
  }

  /** The fact of a key, made when missing. */
  at(key: number): DropFact {
    const known = this.facts.get(key);
    if (known !== undefined) return known;
    if (this.facts.size >= MAX_DROPS) this.forgetOldest();
    const made = emptyFact();
    this.facts.set(key, made);
    return made;
  }

  /** Whether the next flow of this kind may be read whole; says yes so seldom that a storm of drops costs no CPU. */
  mayRead(fact: DropFact, isVerdict: boolean, nowMs: number): boolean {
    if (nowMs < (isVerdict ? fact.nextVerdictMs : fact.nextEventMs)) return false;
    const second = Math.floor(nowMs / 1000);
    if (second !== this.readSecond) {
      this.readSecond = second;
      this.readsLeft = MAX_READS_PER_SECOND;
    }
    if (this.readsLeft-- <= 0) return false;
    if (isVerdict) fact.nextVerdictMs = nowMs + READ_EVERY_MS;
    else fact.nextEventMs = nowMs + READ_EVERY_MS;
    return true;
  }

  /** The ids of pairs will mean others. */
  forget(isForgotten: (key: number) => boolean): void {
    for (const key of this.facts.keys()) if (isForgotten(key)) this.facts.delete(key);
  }

  /** The ids of endpoints will mean others. */
  forgetEndpoints(): void {
    for (const fact of this.facts.values()) {
      fact.sources.clear();
      fact.destinations.clear();
    }
  }

  private forgetOldest(): void {
    const oldest = this.facts.keys().next();
    if (oldest.done !== true) this.facts.delete(oldest.value);
    this.forgottenCount++;
  }
}

function emptyFact(): DropFact {
  return {
    refusals: [], verdictsRead: 0, eventsRead: 0, sources: new Set(), destinations: new Set(), nodes: new Set(), source: undefined, destination: undefined,
    sourceAddresses: new Set(), destinationAddresses: new Set(), direction: '', file: '', allowedBy: [], nextVerdictMs: 0, nextEventMs: 0,
  };
}

/** Adds to a set of witnesses as long as it has room. */
export function addWitness(set: Set<number>, id: number): void {
  if (id !== 0 && set.size < MAX_WITNESSES) set.add(id);
}

/** Adds an address as long as there is room. */
export function addAddress(set: Set<string>, address: string): void {
  if (address !== '' && set.size < MAX_ADDRESSES) set.add(address);
}

/** Takes a refusal in: the same one heard again is one fact. */
export function addRefusal(fact: DropFact, refusal: Refusal, timeMs: number): void {
  const id = refusalId(refusal);
  const known = fact.refusals.find((candidate) => refusalId(candidate) === id);
  if (known !== undefined) {
    known.count++;
    known.firstMs = Math.min(known.firstMs, timeMs);
    known.lastMs = Math.max(known.lastMs, timeMs);
    return;
  }
  fact.refusals.push({ ...refusal, firstMs: timeMs, lastMs: timeMs, count: 1 });
  fact.refusals.sort((one, other) => one.firstMs - other.firstMs);
  if (fact.refusals.length > MAX_VERSIONS) fact.refusals.shift();
}

function refusalId({ source, direction, deniedBy, selecting, closest, log }: Refusal): string {
  return JSON.stringify([source, direction, deniedBy, selecting, closest, log]);
}

/** Our agents' own words before the fields of a flow, whose empty lists say less. */
const TRUST = { flow: 0, extension: 1, telemetry: 1 } as const;

/** What was last said of a drop by a moment, by whoever says most. */
export function refusalAt(fact: DropFact | undefined, momentMs: number): RefusalFact | undefined {
  const known = (fact?.refusals ?? []).filter(({ firstMs }) => firstMs <= momentMs);
  return known.toSorted((one, other) => TRUST[other.source] - TRUST[one.source] || other.lastMs - one.lastMs)[0];
}
