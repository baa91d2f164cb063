import { applyNodeReport, newNode, type NodeState } from '../model/node-state.ts';
import { MAX_NODES } from '../model/fold-report.ts';
import { enumName } from '../wire/codec.ts';
import { FlowScan, ScanKind, scanResponse } from '../wire/flow-scan.ts';
import { forEachMessage } from '../wire/frame-splitter.ts';
import { ReportCodec, type Report } from '../wire/gen/hubtop.ts';
import { GetFlowsResponseCodec, type Node } from '../wire/gen/observer.ts';
import { NodeStateEnum } from '../wire/gen/relay.ts';
import { JsonLines } from '../wire/json-lines.ts';
import { toJson } from '../wire/json.ts';
import { TELEMETRY_KEY } from '../wire/recorded-line.ts';
import { encodeText } from '../wire/text.ts';
import { timestampOf } from '../wire/timestamp.ts';
import type { ClientMessage } from './client-message.ts';

/** Bytes of lines held back for a larger write; they are out after flush() in any case. */
const MAX_PENDING_BYTES = 1024 * 1024;
const NS_PER_MS = 1_000_000n;

/** What a recording has so far. */
export interface RecordingCounts {
  flows: number;
  reports: number;
  /** Events that a server said were lost, in the stream of flows. */
  lostInStream: number;
  /** Events that the nodes' own ledgers lost meanwhile. */
  lostOnNodes: number;
  /** Times the connection broke. */
  gaps: number;
  malformed: number;
}

/**
 * Turns what a client says into the lines of a recording: responses as `hubble observe -o jsonpb` prints them, without
 * extensions, reports as a field of ours, and a broken connection as a node_status that names no node.
 */
export class RecordingWriter {
  readonly counts: RecordingCounts = { flows: 0, reports: 0, lostInStream: 0, lostOnNodes: 0, gaps: 0, malformed: 0 };
  private readonly lines = new JsonLines(GetFlowsResponseCodec, ['extensions']);
  private readonly scan = new FlowScan();
  private readonly nodes = new Map<string, NodeState>();
  /** States of the nodes that a stock relay lists. */
  private readonly listed = new Map<string, number>();
  private isLive = false;
  private wasLive = false;

  /** `write` gets whole lines; `nowMs` is a clock since 1970. */
  constructor(private readonly write: (bytes: Uint8Array) => void, private readonly nowMs: () => number) {}

  /** Takes a message; its lines are written now or by the next flush(). */
  take(message: ClientMessage): void {
    if (message.type === 'flows') this.takeFlows(message.bytes);
    else if (message.type === 'telemetry') this.takeReport(message.report);
    else if (message.type === 'nodes') this.takeNodes(message.nodes ?? []);
    else if (message.type === 'connection') this.takeConnection(message.state, message.error);
    if (this.lines.length > MAX_PENDING_BYTES) this.flush();
  }

  /** Writes what is held back. */
  flush(): void {
    if (this.lines.length === 0) return;
    this.write(this.lines.bytes());
    this.lines.reset();
  }

  private takeFlows(frames: Uint8Array): void {
    forEachMessage(frames, (start, end) => {
      if (!scanResponse(frames, start, end, this.scan)) this.counts.malformed++;
      // a watermark has no time and is no flow
      else if (this.scan.kind === ScanKind.FLOW && this.scan.timeSeconds === 0) return;
      else if (!this.lines.write(frames, start, end)) this.counts.malformed++;
      else if (this.scan.kind === ScanKind.FLOW) this.counts.flows++;
      else if (this.scan.kind === ScanKind.LOST_EVENTS) this.counts.lostInStream += this.scan.lostCount;
    });
  }

  private takeReport(report: Report): void {
    this.counts.reports++;
    for (const nodeReport of report.nodes ?? []) {
      const name = nodeReport.name ?? '';
      let node = this.nodes.get(name);
      if (node === undefined) {
        if (this.nodes.size >= MAX_NODES) continue;
        node = newNode(name);
        this.nodes.set(name, node);
      }
      this.counts.lostOnNodes += applyNodeReport(node, nodeReport, { seconds: 1, nowMs: this.nowMs() }).lost;
    }
    this.addLine(`{"${TELEMETRY_KEY}":${toJson(ReportCodec, report)}}`);
  }

  // a stock relay tells of its nodes when asked: what changed becomes what it tells by itself when a stream begins
  private takeNodes(nodes: readonly Node[]): void {
    for (const { name = '', state = 0 } of nodes) {
      if (name === '' || this.listed.get(name) === state || (this.listed.size >= MAX_NODES && !this.listed.has(name))) continue;
      this.listed.set(name, state);
      this.addStatus(enumName(NodeStateEnum, state), '', [name]);
    }
  }

  private takeConnection(state: 'connecting' | 'live' | 'lost', error: string | undefined): void {
    if (state === 'live' && !this.isLive) {
      if (this.wasLive) this.addStatus('NODE_CONNECTED', 'connected again');
      this.wasLive = true;
    } else if (state !== 'live' && this.isLive) {
      this.counts.gaps++;
      this.addStatus('NODE_UNAVAILABLE', error === undefined ? 'connection lost' : `connection lost: ${error}`);
    }
    this.isLive = state === 'live';
  }

  private addStatus(state: string, message: string, names: string[] = []): void {
    const time = timestampOf(BigInt(Math.round(this.nowMs())) * NS_PER_MS);
    this.addLine(toJson(GetFlowsResponseCodec, { node_status: { state_change: NodeStateEnum.values[state], node_names: names, message }, time }));
  }

  private addLine(text: string): void {
    this.lines.add(encodeText(`${text}\n`));
  }
}
