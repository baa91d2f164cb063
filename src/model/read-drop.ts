import { scrub } from '../lib/scrub.ts';
import { tryDecode } from '../wire/codec.ts';
import { FlowCodec, type Flow, type Policy } from '../wire/gen/flow.ts';
import type { DropCount, Refusal as WireRefusal } from '../wire/gen/hubtop.ts';
import { addAddress, addRefusal, addWitness, type DropFact, type Refusal } from './drop-facts.ts';
import { policyRef, policyRefs } from './policy-ref.ts';
import { extensionOf } from './row-flow.ts';
import type { State } from './state.ts';

const INGRESS = 1;
const EGRESS = 2;
/** Texts of a list kept at most, and cells of one. */
const MAX_TEXTS = 8;
const TEXT_CELLS = 200;

/** What the scan knows of a dropped flow; borrowed. */
export interface DroppedFlow {
  key: number;
  timeMs: number;
  /** Ids of the endpoint interner and of node names; 0 = not known. */
  source: number;
  destination: number;
  node: number;
  /** Whether it is a policy's verdict: those name policies. */
  isVerdict: boolean;
}

/** Notes who was there when a packet was dropped. Cheap: every dropped flow passes here. */
export function noteDropped(state: State, dropped: DroppedFlow): DropFact {
  const { dropFacts, endpoints } = state;
  const fact = dropFacts.at(dropped.key);
  addWitness(fact.sources, dropped.source);
  addWitness(fact.destinations, dropped.destination);
  addWitness(fact.nodes, dropped.node);
  if (dropped.source !== 0) fact.source = endpoints.get(dropped.source);
  if (dropped.destination !== 0) fact.destination = endpoints.get(dropped.destination);
  return fact;
}

/** Reads a dropped flow whole; for those few that DropFacts.mayRead() lets through. */
export function readDropped(state: State, fact: DropFact, read: { bytes: Uint8Array; dropped: DroppedFlow }): void {
  const decoded = tryDecode(FlowCodec, read.bytes);
  if (decoded.ok) takeFlow(state, fact, { flow: decoded.value, dropped: read.dropped });
}

function takeFlow(state: State, fact: DropFact, read: { flow: Flow; dropped: DroppedFlow }): void {
  const { flow, dropped } = read;
  addAddress(fact.sourceAddresses, scrub(flow.IP?.source ?? '', 45));
  addAddress(fact.destinationAddresses, scrub(flow.IP?.destination ?? '', 45));
  if (flow.file?.name !== undefined) fact.file = scrub(`${flow.file.name}:${flow.file.line ?? 0}`, 60);
  const refusal = extensionOf(flow)?.refusal;
  if (refusal !== undefined) {
    addRefusal(fact, fromWire(refusal, 'extension'), dropped.timeMs);
    noteWirePolicies(state, refusal, dropped.timeMs);
  }
  if (!dropped.isVerdict) {
    fact.eventsRead++;
    fact.direction = directionOf(flow.traffic_direction) || fact.direction;
    return;
  }
  fact.verdictsRead++;
  fact.allowedBy = policyRefs([...(flow.egress_allowed_by ?? []), ...(flow.ingress_allowed_by ?? [])]);
  const denied = [...(flow.egress_denied_by ?? []), ...(flow.ingress_denied_by ?? [])];
  notePolicies(state, [...denied, ...(flow.egress_allowed_by ?? []), ...(flow.ingress_allowed_by ?? [])], dropped.timeMs);
  addRefusal(fact, { source: 'flow', direction: flowDirection(flow), deniedBy: policyRefs(denied), selecting: [], closest: undefined, log: texts(flow.policy_log) }, dropped.timeMs);
}

/** Takes what a report says of a drop. */
export function takeReportedDrop(state: State, reported: { key: number; drop: DropCount; timeMs: number }): void {
  const { key, drop, timeMs } = reported;
  const fact = state.dropFacts.at(key);
  if (drop.source !== undefined && fact.sources.size === 0) fact.source = drop.source;
  if (drop.destination !== undefined && fact.destinations.size === 0) fact.destination = drop.destination;
  if (drop.refusal === undefined) return;
  addRefusal(fact, fromWire(drop.refusal, 'telemetry'), timeMs);
  noteWirePolicies(state, drop.refusal, timeMs);
}

function fromWire(refusal: WireRefusal, source: Refusal['source']): Refusal {
  const { closest } = refusal;
  return {
    source, direction: directionOf(refusal.direction), deniedBy: policyRefs(refusal.denied_by), selecting: policyRefs(refusal.selecting), log: [],
    closest: closest === undefined ? undefined : { policy: policyRef(closest.policy), rule: scrub(closest.rule ?? '', TEXT_CELLS), misses: texts(closest.misses) },
  };
}

function texts(list: readonly string[] | undefined): string[] {
  return (list ?? []).slice(0, MAX_TEXTS).map((text) => scrub(text, TEXT_CELLS));
}

function directionOf(direction: number | undefined): Refusal['direction'] {
  return direction === EGRESS ? 'egress' : direction === INGRESS ? 'ingress' : '';
}

// the list that names somebody says it, else the direction of the flow
function flowDirection(flow: Flow): Refusal['direction'] {
  if ((flow.egress_denied_by ?? []).length > 0) return 'egress';
  if ((flow.ingress_denied_by ?? []).length > 0) return 'ingress';
  return directionOf(flow.traffic_direction);
}

function noteWirePolicies(state: State, refusal: WireRefusal, timeMs: number): void {
  notePolicies(state, [...(refusal.denied_by ?? []), ...(refusal.selecting ?? []), ...(refusal.closest?.policy === undefined ? [] : [refusal.closest.policy])], timeMs);
}

/** Policies of one flow or refusal that are noted at most. */
const MAX_NOTED = 16;

function notePolicies(state: State, policies: readonly Policy[], timeMs: number): void {
  for (const policy of policies.slice(0, MAX_NOTED)) state.policies.see(policy, timeMs);
}
