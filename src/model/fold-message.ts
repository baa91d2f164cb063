import type { Change } from '../wire/gen/hubtop.ts';
import { say, setChips } from './changes.ts';
import { chipText, withChip } from './chips.ts';
import { foldFlows } from './fold-flows.ts';
import { foldMetrics, foldMetricsState } from './fold-metrics.ts';
import { foldNodes, stand } from './fold-nodes.ts';
import { foldReport, MAX_NODES } from './fold-report.ts';
import { ROW_GAP, ROW_NOTE } from './flow-rows.ts';
import type { Message } from './messages.ts';
import { newNode } from './node-state.ts';
import { wantsAllFlows } from './requests.ts';
import { pushText } from './row-text.ts';
import { forgetDnsUnderWay, passDnsTime } from './dns-fold.ts';
import { ringOf } from './l7-book.ts';
import { countsFlows, type State } from './state.ts';
import { stockCounts } from './stock-ledger.ts';
import { scrub } from '../lib/scrub.ts';

/** Messages that come from the world; what a reader does is the control's. */
export type WorldMessage = Exclude<Message, { type: 'action' | 'key' | 'paste' | 'play' | 'replay' | 'replay-restart' }>;

/** Folds one message of the world into the state, in place. */
export function foldMessage(state: State, message: WorldMessage): void {
  switch (message.type) {
    case 'tick': return tick(state, message.nowMs);
    case 'connection': return takeConnection(state, message);
    case 'flows': return foldFlows(state, message.bytes);
    case 'flows-requested': return takeFlowsRequest(state);
    case 'flows-state': return takeFlowsState(state, message);
    case 'telemetry':
      state.telemetry = 'present';
      return foldReport(state, message.report);
    case 'telemetry-absent':
      state.telemetry = 'absent';
      return lookAtAll(state);
    case 'node-status': return takeNodeStatus(state, message);
    case 'nodes': return foldNodes(state, message);
    case 'metrics': return foldMetrics(state, message.source, message.metrics);
    case 'metrics-state': return foldMetricsState(state, message.source, message.error);
    case 'own-cost':
      state.ownCost = { cpuPercent: message.cpuPercent, rssBytes: message.rssBytes, skippedFrames: message.skippedFrames, bytesPerSecond: message.bytesPerSecond, isSlowTerminal: message.isSlowTerminal };
      return;
    case 'chip': return setChips(state, withChip(state.chips, message));
    case 'page-rows':
      state.stream.pageRows = message.rows;
      state.stream.isSample = message.isSample === true;
      return;
    case 'packer':
      state.rows.packer = message.packer;
      return;
    case 'quantiles':
      state.quantiles = message.quantiles;
      return;
    case 'change': return takeChange(state, message.change);
    case 'recording':
      state.recording = message.recording;
      return;
    case 'status': return say(state, scrub(message.text));
  }
}

// an event names the policy, its revision and the time; our own reports say more and come by themselves
function takeChange(state: State, change: Change): void {
  state.changes.report(change, state.nowMs);
  if (change.policy !== undefined) state.policies.take({ policy: change.policy, changed: change.time, is_removed: change.kind === 'policy-removed' }, state.nowMs);
}

function tick(state: State, nowMs: number): void {
  if (state.flows.isOpen && nowMs > state.nowMs) for (const book of [state.l7, state.dns]) ringOf(book, state.chips).cover(state.nowMs, nowMs);
  // while the stream of flows runs, a second without flows is a second with none, not a hole
  if (state.flows.isOpen && (countsFlows(state) || state.telemetry === 'absent') && nowMs > state.nowMs) state.fromFlows.spread(stockCounts(state, nowMs - state.nowMs), state.nowMs, nowMs);
  state.nowMs = nowMs;
  state.directory.second = Math.floor(nowMs / 1000);
  passDnsTime(state);
  state.stream.bottom = state.stream.bottom < 0 ? -1 : Math.max(state.stream.bottom, state.rows.first);
}

function takeConnection(state: State, message: Message & { type: 'connection' }): void {
  const { connection, nowMs } = state;
  // a server of our own has its address only once it runs
  if (message.server !== undefined) state.server = message.server;
  if (connection.state === 'live' && message.state !== 'live') {
    pushText(state, ROW_GAP, 'connection lost');
    state.fromTelemetry.markGap(nowMs);
    state.fromFlows.markGap(nowMs);
    for (const book of [state.l7, state.dns]) ringOf(book, state.chips).markGap(nowMs);
    forgetDnsUnderWay(state);
  }
  if (message.state === 'live' && connection.state !== 'live') {
    state.edges.blink(nowMs);
    if (connection.attempts > 0 && (state.reports > 0 || state.flows.received > 0)) {
      const seconds = Math.round((nowMs - connection.sinceMs) / 1000);
      pushText(state, ROW_GAP, `gap of ${seconds} s: connected again, the past was asked for again`);
      say(state, `connected again after ${seconds} s; counts of that time are lower bounds`);
    }
    connection.attempts = 0;
  }
  // trying again is still the same outage: its beginning and its cause stay
  if ((connection.state === 'live') !== (message.state === 'live')) connection.sinceMs = nowMs;
  if (message.state === 'connecting') connection.attempts++;
  if (message.state !== 'connecting' || message.error !== undefined) connection.error = scrub(message.error ?? '', 200);
  connection.state = message.state;
  connection.retryAtMs = message.retryInMs === undefined ? 0 : nowMs + message.retryInMs;
}

function takeFlowsState(state: State, message: Message & { type: 'flows-state' }): void {
  if (message.isOpen && (!state.flows.isOpen || state.flows.openedMs === Infinity)) state.flows.openedMs = state.nowMs;
  if (!message.isOpen) forgetDnsUnderWay(state);
  state.flows.isOpen = message.isOpen;
  state.flows.error = scrub(message.error ?? '', 200);
}

// under a filter a stream tells nothing of who talks at all; with telemetry that does
function lookAtAll(state: State): void {
  state.flows.seesAll = state.telemetry === 'absent' && state.chips.length === 0;
  if (state.flows.seesAll) state.edges.beginAnew(state.nowMs);
}

function takeFlowsRequest(state: State): void {
  state.flows.scope = wantsAllFlows(state) ? 'all' : 'matter';
  state.flows.openedMs = Infinity;
  lookAtAll(state);
  state.rows.clear();
  Object.assign(state.stream, { selected: -1, bottom: -1, isDetailOpen: false });
  const what = state.flows.scope === 'matter' ? 'drops, errors and resets' : state.chips.length === 0 ? 'every flow' : state.chips.map(chipText).join(' ');
  pushText(state, ROW_NOTE, what);
}

function takeNodeStatus(state: State, message: Message & { type: 'node-status' }): void {
  const name = scrub(message.node, 63);
  let node = state.nodes.get(name);
  if (node === undefined) {
    if (state.nodes.size >= MAX_NODES) return;
    node = newNode(name, state.nodes.size);
    state.nodes.set(name, node);
  }
  stand(state, node, { state: message.state, message: message.message ?? '' });
}
