import { EndpointInterner } from '../wire/endpoint-interner.ts';
import { AllowedBook } from './allowed-by.ts';
import { BucketRing } from './bucket-ring.ts';
import { ChangeLog } from './change-log.ts';
import type { Chip, ChipField } from './chips.ts';
import type { Cursor } from './cursors.ts';
import { DenialCounts } from './denial-counts.ts';
import { Directory } from './directory.ts';
import { DropFacts } from './drop-facts.ts';
import { newDnsBook, type DnsBook } from './dns-book.ts';
import { EdgeBook } from './edge-book.ts';
import type { Effect } from './effects.ts';
import { FlowPolicies } from './flow-policies.ts';
import { FlowRows } from './flow-rows.ts';
import { forgetPairs } from './forget-pairs.ts';
import { unaskedServer, type HubbleServer, type PageState } from './hubble-server.ts';
import { IdentityBook } from './identity-book.ts';
import { IncidentLog } from './incident-log.ts';
import { newL7Book, type L7Book } from './l7-book.ts';
import type { NodeState } from './node-state.ts';
import { PolicyBook } from './policy-book.ts';
import type { Prompt } from './prompt.ts';
import type { Recording } from './recording.ts';
import { REPLAY_FINE_SECONDS, type Replay } from './replay.ts';
import type { Quantiles } from './quantiles.ts';
import { ResetTracker } from './resets.ts';
import { SeenPackets } from './seen-packets.ts';
import { StrayTracker } from './stray-tracker.ts';
import type { TableState } from './tables.ts';
import { newWall, type WallState } from './wall.ts';
import { TcpNames } from './tcp-figures.ts';
import { TextInterner } from './text-interner.ts';

/** How the dashboard stands with its server. */
export interface Connection {
  state: 'connecting' | 'live' | 'lost';
  /** When this state began. */
  sinceMs: number;
  attempts: number;
  error: string;
  /** When the next try starts; 0 = unknown. */
  retryAtMs: number;
}

/** The stream view: a position in the buffer of rows. */
export interface StreamCursor {
  /** Row under the cursor; -1 = follow the newest. */
  selected: number;
  /** Bottom row on the screen while paused; -1 = live. */
  bottom: number;
  column: number;
  /** What the last pivot was taken from: a second key works before the new filter's rows are here. */
  pivot: Partial<Record<ChipField, string>>;
  isDetailOpen: boolean;
  /** First line of the open flow's JSON; -1 = it is not shown. */
  jsonTop: number;
  /** Rows a page has, told by the last frame. */
  pageRows: number;
  /** More rows came since the page before than a page has: the page is a part of them. */
  isSample: boolean;
}

/** What a relay says of the flows it passed on since its start. */
export interface RelayState {
  flows: number;
  /** Passed on after a younger one. */
  late: number;
  /** Without a time that could be read. */
  malformed: number;
}

/** Everything the dashboard knows. Changed only by update(), in place. */
export interface State {
  nowMs: number;
  startedMs: number;
  server: string;
  connection: Connection;
  /** Whether the server speaks hubtop's telemetry. */
  telemetry: 'unknown' | 'present' | 'absent';
  fromTelemetry: BucketRing;
  fromFlows: BucketRing;
  directory: Directory;
  endpoints: EndpointInterner;
  /** Party id of each interned endpoint. */
  partyOfEndpoint: number[];
  nodeNames: TextInterner;
  /** Beginnings of summaries of kernel drops. */
  summaries: TextInterner;
  /** What is counted of TCP. */
  tcpNames: TcpNames;
  rows: FlowRows;
  resets: ResetTracker;
  /** Requests and lookups, from flows of applications. */
  l7: L7Book;
  dns: DnsBook;
  /** Reads quantiles off counts; absent until the library for it is loaded. */
  quantiles: Quantiles | undefined;
  /** Packets that open connections, so that each counts once. */
  seenPackets: SeenPackets;
  strays: StrayTracker;
  edges: EdgeBook;
  nodes: Map<string, NodeState>;
  /** What a server without telemetry answers when asked. */
  hubble: HubbleServer;
  /** Pages of metrics that are not well, by page. */
  metricsPages: Map<string, PageState>;
  /** What relays on the way say of the flows they passed on, since their start. */
  relays: Map<string, RelayState>;
  /** First time a drop key, pair or node problem was seen, by problem key. */
  firstSeenMs: Map<string, number>;
  changes: ChangeLog;
  policies: PolicyBook;
  /** Why drops happened, as far as somebody said, by drop key. */
  dropFacts: DropFacts;
  /** Who let pairs through, by pair id. */
  allowedBy: AllowedBook;
  /** Identity numbers, by party id. */
  identities: IdentityBook;
  flowPolicies: FlowPolicies;
  denials: DenialCounts;
  incidents: IncidentLog;
  /** Second the incident log was last kept for. */
  incidentSecond: number;
  flows: {
    isOpen: boolean;
    error: string;
    /** Everything, or only what matters (drops, errors, resets). */
    scope: 'matter' | 'all';
    received: number;
    malformed: number;
    newestMs: number;
    /** When the stream was opened; older flows are history: rows, but no counts, since nobody knows what is missing of them. */
    openedMs: number;
    /** All traffic comes as flows and nothing else tells of it: what is seen in it was seen for the whole cluster. */
    seesAll: boolean;
  };
  lastReportMs: number;
  reports: number;
  chips: Chip[];
  undo: Chip[][];
  view: string;
  /** Views that Esc leads back to, the last one first to go; bounded by MAX_TRAIL. */
  trail: string[];
  /** Moment the figures are for while paused; 0 = now, or the end of what is played. */
  pausedAtMs: number;
  /** The file that is played; undefined = a live server. */
  replay: Replay | undefined;
  /** Where what is seen is written to; undefined = nowhere. */
  recording: Recording | undefined;
  /** Quitting was asked for once while something is recorded. */
  isQuitAsked: boolean;
  /** Moments that a reader named by a letter. */
  marks: Map<string, number>;
  /** The next key names a mark. */
  pendingKey: 'mark' | 'jump' | undefined;
  windowSeconds: number;
  /** By view id. */
  cursors: Map<string, Cursor>;
  /** How tables are sorted and grouped, by view id. */
  tables: Map<string, TableState>;
  wall: WallState;
  /** What the map was focused on, the last one now; empty = it chooses. Bounded by MAX_MAP_TRAIL. */
  mapTrail: string[];
  /** The line a reader types in; undefined = closed. */
  prompt: Prompt | undefined;
  /** What the world is asked for; whoever runs the screen takes them out. */
  effects: Effect[];
  stream: StreamCursor;
  helpTop: number;
  status: { text: string; atMs: number };
  /** What this process costs; bytesPerSecond is what the terminal took, skippedFrames counts from the start. */
  ownCost: { cpuPercent: number; rssBytes: number; skippedFrames: number; bytesPerSecond: number; isSlowTerminal: boolean };
  isAscii: boolean;
  /** Flows show addresses and identities instead of names. */
  showsAddresses: boolean;
  /** Volume is told in bits, as links are sold. */
  isInBits: boolean;
  /** Only the panel with the focus is drawn. */
  isMaximised: boolean;
  /** Query strings and user info are shown, until the program ends. */
  isRevealed: boolean;
  /** Steps with each press of the theme key; the terminal maps it to a theme. */
  themeStep: number;
  wantsQuit: boolean;
  /** Whether quitting leaves the last screen as text in the shell's scrollback. */
  keepsScreen: boolean;
  wantsRedraw: boolean;
}

/** Steps back that Esc remembers. */
export const MAX_TRAIL = 16;

/** Lengths the figures can cover. */
export const WINDOWS_SECONDS: readonly number[] = [30, 60, 300, 900, 3600];
const DEFAULT_WINDOW_SECONDS = 60;

/** A dashboard that knows nothing yet. */
export function initialState(options: { server: string; nowMs: number; view: string; replay?: Replay | undefined }): State {
  const fineSeconds = options.replay === undefined ? undefined : REPLAY_FINE_SECONDS;
  const state: State = {
    nowMs: options.nowMs,
    startedMs: options.replay?.fromMs ?? options.nowMs,
    server: options.server,
    connection: { state: 'connecting', sinceMs: options.nowMs, attempts: 0, error: '', retryAtMs: 0 },
    telemetry: 'unknown',
    fromTelemetry: new BucketRing(fineSeconds),
    fromFlows: new BucketRing(fineSeconds),
    directory: new Directory(),
    endpoints: new EndpointInterner(),
    partyOfEndpoint: [],
    nodeNames: new TextInterner(),
    summaries: new TextInterner(),
    tcpNames: new TcpNames(),
    rows: new FlowRows(),
    resets: new ResetTracker(),
    l7: newL7Book(),
    dns: newDnsBook(),
    quantiles: undefined,
    seenPackets: new SeenPackets(),
    strays: new StrayTracker(),
    edges: new EdgeBook(),
    nodes: new Map(),
    hubble: unaskedServer(),
    metricsPages: new Map(),
    relays: new Map(),
    firstSeenMs: new Map(),
    changes: new ChangeLog(),
    policies: new PolicyBook(),
    dropFacts: new DropFacts(),
    allowedBy: new AllowedBook(),
    identities: new IdentityBook(),
    flowPolicies: new FlowPolicies(),
    denials: new DenialCounts(),
    incidents: new IncidentLog(),
    incidentSecond: 0,
    flows: { isOpen: false, error: '', scope: 'matter', received: 0, malformed: 0, newestMs: 0, openedMs: Infinity, seesAll: false },
    lastReportMs: 0,
    reports: 0,
    chips: [],
    undo: [],
    view: options.view,
    trail: [],
    pausedAtMs: 0,
    replay: options.replay,
    recording: undefined,
    isQuitAsked: false,
    marks: new Map(),
    pendingKey: undefined,
    windowSeconds: DEFAULT_WINDOW_SECONDS,
    cursors: new Map(),
    tables: new Map(),
    mapTrail: [],
    wall: newWall(),
    prompt: undefined,
    effects: [],
    stream: { selected: -1, bottom: -1, column: 0, pivot: {}, isDetailOpen: false, jsonTop: -1, pageRows: 20, isSample: false },
    helpTop: 0,
    status: { text: '', atMs: 0 },
    ownCost: { cpuPercent: 0, rssBytes: 0, skippedFrames: 0, bytesPerSecond: 0, isSlowTerminal: false },
    isAscii: false,
    showsAddresses: false,
    isInBits: false,
    isMaximised: false,
    isRevealed: false,
    themeStep: 0,
    wantsQuit: false,
    keepsScreen: false,
    wantsRedraw: false,
  };
  state.directory.onForget = (pairs) => forgetPairs(state, pairs);
  return state;
}

/** Whether figures come from counted flows rather than from telemetry. */
export function countsFlows(state: State): boolean {
  return state.chips.length > 0 || state.telemetry === 'absent';
}

/** Whether a filter keeps traffic from the figures of the whole: without telemetry nobody else tells of it. */
export function hidesTraffic(state: State): boolean {
  return state.chips.length > 0 && state.telemetry !== 'present';
}

/** The buckets the figures are read from. */
export function figuresOf(state: State): BucketRing {
  return countsFlows(state) ? state.fromFlows : state.fromTelemetry;
}
