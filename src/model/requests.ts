import { FlowsOptionsCodec } from '../wire/gen/hubtop.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';
import { filtersOf } from './chips.ts';
import { DROP_REASON_NUMBERS } from './drop-words.ts';
import type { State } from './state.ts';
import { needsFlows } from './talkers.ts';

/** Flows of the past asked for when a stream opens; a relay gives as many of each node. */
export const HISTORY_FLOWS = 200;

const DROPPED = 2;
const ERROR = 3;
const AUDIT = 4;
/** Monitor type of records of applications. */
const L7 = 129;

/** Whether the stream must carry every flow that passes the chips. */
export function wantsAllFlows(state: State): boolean {
  if (state.replay !== undefined || state.recording !== undefined) return true;
  if (state.chips.length > 0 || state.telemetry === 'absent') return true;
  // a new stream would take the rows away that the reader stopped at
  return state.pausedAtMs > 0 ? state.flows.scope === 'all' : (state.view === 'flows' || (state.view === 'talkers' && needsFlows(state)));
}

/**
 * The request whose flows the state needs now: all that pass the chips, or only those that matter: drops, errors, resets, and every
 * record of an application, since the l7 and dns views count them, must have a past when they are opened, and nobody else counts
 * latencies for us. What that costs is two records of about 700 bytes a request: at 4,000 requests a second 5.6 MB/s from the relay
 * and 3 % of a core here (bench row screen/fold-l7); nothing where no L7 rule, proxy or parser applies, which is the usual case.
 */
export function flowsRequest(state: State): GetFlowsRequest {
  const { whitelist, blacklist } = filtersOf(state.chips, DROP_REASON_NUMBERS);
  const matter = [{ verdict: [DROPPED, ERROR, AUDIT] }, { tcp_flags: [{ RST: true }] }, { event_type: [{ type: L7 }] }];
  return {
    number: BigInt(HISTORY_FLOWS),
    follow: true,
    whitelist: wantsAllFlows(state) ? whitelist : matter,
    blacklist,
    extensions: { type_url: 'type.googleapis.com/hubtop.v1.FlowsOptions', value: FlowsOptionsCodec.encode({ flow_extension: true }) },
  };
}

/** Identity of the request: a new stream is opened when it changes. */
export function requestKey(state: State): string {
  return JSON.stringify([wantsAllFlows(state) ? 'all' : 'matter', state.chips]);
}
