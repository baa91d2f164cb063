import { changeOfEvent } from './agent-change.ts';
import { peekTime, type WireTime } from './flow-scan.ts';
import { FRAME_PREFIX_BYTES, frameOf } from './frame-splitter.ts';
import type { Timestamp } from './gen/google.ts';
import { type Change, ReportCodec, type Report } from './gen/hubtop.ts';
import { GetAgentEventsResponseCodec, GetFlowsResponseCodec } from './gen/observer.ts';
import { fromJsonValue } from './json.ts';
import { JsonWire } from './json-wire.ts';

/** Name of the field that holds a Report in a line of ours; others skip such a line. */
export const TELEMETRY_KEY = 'hubtop_telemetry';

/** What one line of a recording says. `timeMs` is of 1970; 0 where the line has none. */
export type RecordedLine =
  /** A length-prefixed GetFlowsResponse. */
  | { kind: 'response'; frame: Uint8Array; timeMs: number }
  | { kind: 'telemetry'; report: Report; timeMs: number }
  /** An agent event that tells of a change. */
  | { kind: 'change'; change: Change; timeMs: number }
  /** Another event of an agent or of debugging: nothing for a screen of flows. */
  | { kind: 'other' }
  | { kind: 'bad'; reason: string };

type Json = Readonly<Record<string, unknown>>;

const responseKeys: readonly string[] = ['flow', 'lost_events', 'lostEvents', 'node_status', 'nodeStatus'];
const agentKeys: readonly string[] = ['agent_event', 'agentEvent'];
const debugKeys: readonly string[] = ['debug_event', 'debugEvent'];
/** One of these makes an object with a time a flow: other events have a time and a node as well. */
const flowKeys: readonly string[] = ['verdict', 'IP', 'Type', 'l4', 'l7', 'source', 'destination', 'event_type', 'eventType'];
const lostKeys: readonly string[] = ['num_events_lost', 'numEventsLost'];

/**
 * Reads lines of a recording: what `hubble observe -o jsonpb` and the flow-log exporter print, bare flows and lost events of
 * the legacy JSON, and reports of ours. What a newer server knows and we do not is left out and counted.
 */
export class RecordedLineReader {
  private readonly wire = new JsonWire(GetFlowsResponseCodec);
  private readonly time: WireTime = { seconds: 0, nanos: 0 };
  private leftOutOfReports = 0;

  /** Fields and values left out so far. */
  get leftOut(): number {
    return this.wire.leftOut + this.leftOutOfReports;
  }

  /** Reads one line; bad ones are a value. */
  read(text: string): RecordedLine {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return { kind: 'bad', reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'bad', reason: 'not an object' };
    const object = value as Json;
    if (hasAny(object, responseKeys)) return this.response(object);
    if (Object.hasOwn(object, TELEMETRY_KEY)) return this.telemetry(object[TELEMETRY_KEY]);
    if (hasAny(object, agentKeys)) return this.agentEvent(object);
    if (hasAny(object, debugKeys)) return { kind: 'other' };
    if (hasAny(object, lostKeys)) return this.response({ lost_events: object });
    if (typeof object['time'] === 'string' && hasAny(object, flowKeys)) {
      return this.response({ flow: object, time: object['time'], node_name: object['node_name'] ?? object['nodeName'] });
    }
    return { kind: 'bad', reason: 'neither a flow nor another event' };
  }

  private response(object: Json): RecordedLine {
    this.wire.reset();
    if (!this.wire.write(object)) {
      const read = fromJsonValue(GetFlowsResponseCodec, object, { ignoreUnknown: true });
      return { kind: 'bad', reason: read.ok ? 'it cannot be read' : read.error };
    }
    const frame = frameOf(this.wire.bytes());
    const isTimed = peekTime(frame, FRAME_PREFIX_BYTES, frame.length, this.time);
    return { kind: 'response', frame, timeMs: isTimed ? this.time.seconds * 1000 + this.time.nanos / 1e6 : 0 };
  }

  private agentEvent(object: Json): RecordedLine {
    const read = fromJsonValue(GetAgentEventsResponseCodec, object, { ignoreUnknown: true });
    if (!read.ok) return { kind: 'bad', reason: read.error };
    const change = changeOfEvent(read.value);
    return change === undefined ? { kind: 'other' } : { kind: 'change', change, timeMs: msOf(change.time) };
  }

  private telemetry(value: unknown): RecordedLine {
    const strict = fromJsonValue(ReportCodec, value);
    const read = strict.ok ? strict : fromJsonValue(ReportCodec, value, { ignoreUnknown: true });
    if (!read.ok) return { kind: 'bad', reason: read.error };
    if (!strict.ok) this.leftOutOfReports++;
    return { kind: 'telemetry', report: read.value, timeMs: msOf(read.value.time) };
  }
}

function hasAny(object: Json, keys: readonly string[]): boolean {
  return keys.some((key) => object[key] !== undefined && object[key] !== null);
}

// nanoseconds of today are more than a number holds exactly
function msOf(time: Timestamp | undefined): number {
  return time === undefined ? 0 : Number(time.seconds ?? 0n) * 1000 + (time.nanos ?? 0) / 1e6;
}
