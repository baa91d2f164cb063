import type { NodeMetrics } from '../flow/node-metrics.ts';
import type { Change, Report } from '../wire/gen/hubtop.ts';
import type { Node, ServerStatusResponse } from '../wire/gen/observer.ts';
import type { ChipField } from './chips.ts';
import type { BytePacker } from './flow-rows.ts';
import type { Recording } from './recording.ts';
import type { ReplayProgress } from './replay.ts';
import type { Quantiles } from './quantiles.ts';

/** What a key can ask for. Keys map to these in the keymap; the palette and tests use them too. */
export type Action =
  | 'view-next' | 'view-previous' | 'help' | 'back' | 'quit' | 'redraw'
  | 'pause' | 'live' | 'time-back' | 'time-forward' | 'window' | 'zoom-in' | 'zoom-out' | 'event-previous' | 'event-next' | 'mark' | 'jump' | 'record'
  | 'up' | 'down' | 'page-up' | 'page-down' | 'half-up' | 'half-down' | 'first' | 'last' | 'column-left' | 'column-right'
  | 'panel-next' | 'panel-previous' | 'maximise' | 'enter'
  | 'source-pod' | 'destination-pod' | 'source-workload' | 'destination-workload' | 'source-namespace' | 'destination-namespace'
  | 'verdict' | 'protocol' | 'drop-reason' | 'port' | 'node' | 'only' | 'not'
  | 'undo' | 'clear' | 'theme' | 'ascii' | 'addresses' | 'units'
  | 'sort' | 'reverse' | 'group' | 'follow' | 'noise' | 'chart' | 'reveal' | 'copy' | 'copy-hubble' | 'rule' | 'export' | 'json'
  | 'filter' | 'palette' | 'quit-keep'
  | `view-${string}`;

/** Everything that can happen to the model. Time comes with `tick`; the other messages happen at the tick's time. */
export type Message =
  | { type: 'tick'; nowMs: number }
  | { type: 'connection'; state: 'connecting' | 'live' | 'lost'; error?: string; retryInMs?: number; server?: string }
  /** Whole length-prefixed GetFlowsResponse messages; borrowed until update() returns. */
  | { type: 'flows'; bytes: Uint8Array }
  /** How rows are packed that hardly anybody reads; comes before the first flow. */
  | { type: 'packer'; packer: BytePacker }
  /** Another stream of flows was asked for: rows of the old one would be mixed with its history. */
  | { type: 'flows-requested' }
  | { type: 'flows-state'; isOpen: boolean; error?: string }
  | { type: 'telemetry'; report: Report }
  | { type: 'telemetry-absent' }
  | { type: 'node-status'; node: string; state: string; message?: string }
  /** A server without telemetry was asked for its nodes; with an error it did not answer. */
  | { type: 'nodes'; nodes?: readonly Node[]; status?: ServerStatusResponse; error?: string }
  | { type: 'metrics'; source: string; metrics: NodeMetrics }
  /** How it stands with a page of metrics; an empty error: well. */
  | { type: 'metrics-state'; source: string; error: string }
  | { type: 'own-cost'; cpuPercent: number; rssBytes: number; skippedFrames: number; bytesPerSecond: number; isSlowTerminal: boolean }
  | { type: 'action'; action: Action }
  /** Something was changed, as an event of an agent in a file says: a relay serves none. */
  | { type: 'change'; change: Change }
  /** What is seen is written to a file, or no more. */
  | { type: 'recording'; recording: Recording | undefined }
  /** How far the file that is played is read. */
  | { type: 'replay'; progress: ReplayProgress }
  /** It begins again, for another filter: all that was folded in is forgotten. */
  | { type: 'replay-restart'; nowMs: number }
  /** So much of our time passed while it plays. */
  | { type: 'play'; elapsedMs: number }
  /** A key while a prompt is open or a mark is named, named as the input decoder names it. */
  | { type: 'key'; key: string }
  | { type: 'paste'; text: string }
  | { type: 'chip'; field: ChipField; value: string; isNegated: boolean }
  /** How many rows of the stream the last frame could show. */
  | { type: 'page-rows'; rows: number; isSample?: boolean }
  /** The library for latencies is loaded. */
  | { type: 'quantiles'; quantiles: Quantiles }
  | { type: 'status'; text: string };
