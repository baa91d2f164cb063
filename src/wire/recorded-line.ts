import { peekTime, type WireTime } from './flow-scan.ts';
import { FRAME_PREFIX_BYTES, frameOf } from './frame-splitter.ts';
import { ReportCodec, type Report } from './gen/hubtop.ts';
import { GetFlowsResponseCodec } from './gen/observer.ts';
import { fromJsonValue } from './json.ts';
import { JsonWire } from './json-wire.ts';
import { timestampNs } from './timestamp.ts';

/** Name of the field that holds a Report in a line of ours; others skip such a line. */
export const TELEMETRY_KEY = 'hubtop_telemetry';

/** What one line of a recording says. `timeMs` is of 1970; 0 where the line has none. */
export type RecordedLine =
  /** A length-prefixed GetFlowsResponse. */
  | { kind: 'response'; frame: Uint8Array; timeMs: number }
  | { kind: 'telemetry'; report: Report; timeMs: number }
  /** An agent event, a debug event: true, and nothing for a screen of flows. */
  | { kind: 'other' }
  | { kind: 'bad'; reason: string };

type Json = Readonly<Record<string, unknown>>;

const responseKeys: readonly string[] = ['flow', 'lost_events', 'lostEvents', 'node_status', 'nodeStatus'];
const otherKeys: readonly string[] = ['agent_event', 'agentEvent', 'debug_event', 'debugEvent'];
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
    if (hasAny(object, otherKeys)) return { kind: 'other' };
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

  private telemetry(value: unknown): RecordedLine {
    const strict = fromJsonValue(ReportCodec, value);
    const read = strict.ok ? strict : fromJsonValue(ReportCodec, value, { ignoreUnknown: true });
    if (!read.ok) return { kind: 'bad', reason: read.error };
    if (!strict.ok) this.leftOutOfReports++;
    return { kind: 'telemetry', report: read.value, timeMs: Number(timestampNs(read.value.time)) / 1e6 };
  }
}

function hasAny(object: Json, keys: readonly string[]): boolean {
  return keys.some((key) => object[key] !== undefined && object[key] !== null);
}
