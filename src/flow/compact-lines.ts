// Hot path (bench row observe/compact): compact lines of usual flows straight from the wire, without objects.
import { parseIp } from '../lib/ip-bytes.ts';
import { EndpointInterner } from '../wire/endpoint-interner.ts';
import { FlowTag } from '../wire/gen/field-numbers.ts';
import { ServiceCodec } from '../wire/gen/flow.ts';
import { tryDecode } from '../wire/codec.ts';
import { FlowScan, ScanKind, ScanProtocol, scanResponse } from '../wire/flow-scan.ts';
import { decodeText } from '../wire/text.ts';
import { safe, type TextOptions, verdictText } from './text-pieces.ts';
import { dropText, EventKind, identityText, kernelDropSubType, tracePoints } from './words.ts';

/** Different texts kept of each kind; more are made anew each time. */
const maxKept = 65_536;
/** Services kept: each endpoint may meet several. */
const maxServices = 1024;

/**
 * Compact lines without decoding: traces and drops with names or addresses, no colours, no node names. Everything else
 * (L7, policy verdicts, DNS names, authentication, trace ids, flows that stand for many, losses) is left to FlowPrinter, whose lines these equal.
 */
export class CompactLines {
  readonly #scan = new FlowScan();
  readonly #endpoints = new EndpointInterner(maxKept);
  readonly #services = new EndpointInterner(maxServices);
  readonly #summaries = new EndpointInterner(maxKept);
  /** By id; holes are ids not asked for yet. */
  readonly #identityTexts: (string | undefined)[] = [];
  readonly #summaryTexts: (string | undefined)[] = [];
  /** By endpoint, then service; empty texts are hosts without a name. */
  readonly #hosts: ((string | undefined)[] | undefined)[] = [];
  readonly #verdicts: (string | undefined)[] = [];
  readonly #options: TextOptions;
  readonly #isOn: boolean;
  readonly #time = { seconds: 0n, nanos: 0 };
  #second = -1;
  #secondBig = 0n;

  constructor(options: TextOptions) {
    this.#options = options;
    this.#isOn = !options.colour && !options.showNode && options.translatesIps;
  }

  /** The line of the response at bytes[start..end), or undefined where FlowPrinter has to do it. */
  line(bytes: Uint8Array, start: number, end: number): string | undefined {
    const scan = this.#scan;
    if (!this.#isOn || !scanResponse(bytes, start, end, scan) || scan.kind !== ScanKind.FLOW || scan.l7 !== 0 || scan.aggregateCount > 0) return undefined;
    const type = typeOf(scan);
    if (type === undefined || scan.timeSeconds <= 0 || hasRare(bytes, scan.flowStart, scan.flowEnd)) return undefined;
    const left = this.#end(bytes, 0);
    const right = left === undefined ? undefined : this.#end(bytes, 1);
    if (left === undefined || right === undefined) return undefined;
    const ends = scan.isReply === 1 ? `${right} <- ${left}` : `${left} ${scan.isReply === 0 ? '->' : '<>'} ${right}`;
    return `${this.#timeText()}: ${ends} ${type} ${this.#verdict(scan.verdict)} (${this.#summary(bytes)})\n`;
  }

  #timeText(): string {
    const { timeSeconds, timeNanos } = this.#scan;
    if (timeSeconds !== this.#second) {
      this.#second = timeSeconds;
      this.#secondBig = BigInt(timeSeconds);
    }
    this.#time.seconds = this.#secondBig;
    this.#time.nanos = timeNanos;
    return this.#options.formatTime(this.#time);
  }

  /** Host, port and identity of one end (0 source, 1 destination); undefined where it has neither name nor address. */
  #end(bytes: Uint8Array, side: 0 | 1): string | undefined {
    const scan = this.#scan;
    const isSource = side === 0;
    const [start, end] = isSource ? [scan.sourceStart, scan.sourceEnd] : [scan.destinationStart, scan.destinationEnd];
    const [serviceStart, serviceEnd] = isSource ? [scan.sourceServiceStart, scan.sourceServiceEnd] : [scan.destinationServiceStart, scan.destinationServiceEnd];
    const [ipStart, ipEnd] = isSource ? [scan.sourceIpStart, scan.sourceIpEnd] : [scan.destinationIpStart, scan.destinationIpEnd];
    const endpoint = this.#endpoints.intern(bytes, start, end);
    const service = serviceEnd > serviceStart ? this.#services.intern(bytes, serviceStart, serviceEnd) : 0;
    // bounds reached: the printer that decodes has none
    if (ipEnd <= ipStart || (endpoint === 0 && end > start) || (service === 0 && serviceEnd > serviceStart)) return undefined;
    const names = (this.#hosts[endpoint] ??= []);
    let name = (names[service] ??= this.#nameOf(endpoint, bytes.subarray(serviceStart, serviceEnd)));
    if (name === '') {
      if (isSource ? scan.sourceNameEnd > scan.sourceNameStart : scan.destinationNameEnd > scan.destinationNameStart) return undefined;
      name = decodeText(bytes, ipStart, ipEnd);
      if (parseIp(name) === undefined) return undefined;
    }
    const identity = (this.#identityTexts[endpoint] ??= identityText(endpoint === 0 ? 0 : (this.#endpoints.get(endpoint)?.identity ?? 0)));
    return `${withPort(name, isSource ? scan.sourcePort : scan.destinationPort, scan.protocol)} ${identity}`;
  }

  /** Empty where only the address is known. */
  #nameOf(endpointId: number, serviceBytes: Uint8Array): string {
    const endpoint = endpointId === 0 ? undefined : this.#endpoints.get(endpointId);
    const decoded = tryDecode(ServiceCodec, serviceBytes);
    const service = decoded.ok ? decoded.value : {};
    const name = endpoint?.pod_name || service.name || '';
    if (name === '') return '';
    const namespace = (service.name ? service.namespace : '') || endpoint?.namespace || '';
    return safe(namespace === '' ? name : `${namespace}/${name}`);
  }

  #summary(bytes: Uint8Array): string {
    const { summaryStart, summaryEnd } = this.#scan;
    const id = this.#summaries.intern(bytes, summaryStart, summaryEnd);
    if (id === 0) return safe(decodeText(bytes, summaryStart, summaryEnd));
    return (this.#summaryTexts[id] ??= safe(decodeText(bytes, summaryStart, summaryEnd)));
  }

  #verdict(verdict: number): string {
    if (verdict < 0 || verdict > 255) return verdictText({ verdict }, this.#options);
    return (this.#verdicts[verdict] ??= verdictText({ verdict }, this.#options));
  }
}

function typeOf(scan: FlowScan): string | undefined {
  if (scan.eventType === EventKind.TRACE) return tracePoints[scan.eventSubType] ?? String(scan.eventSubType);
  if (scan.eventType !== EventKind.DROP) return undefined;
  return scan.eventSubType === kernelDropSubType ? 'Kernel drop' : dropText(scan.eventSubType);
}

function withPort(host: string, port: number, protocol: number): string {
  if (port === 0 || (protocol !== ScanProtocol.TCP && protocol !== ScanProtocol.UDP && protocol !== ScanProtocol.SCTP)) return host;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether a flow has authentication or an IP trace id, which the scan does not read. Walks the top fields only; anything odd counts as rare. */
function hasRare(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    let tag = 0;
    let shift = 0;
    for (;;) {
      const byte = bytes[at] ?? 0;
      at += 1;
      tag += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
      shift += 7;
      if (shift > 28) return true;
    }
    if (tag === FlowTag.auth_type || tag === FlowTag.ip_trace_id) return true;
    const wireType = tag & 7;
    if (wireType === 0) {
      while ((bytes[at] ?? 0) >= 128) at += 1;
      at += 1;
    } else if (wireType === 2) {
      let length = 0;
      shift = 0;
      for (;;) {
        const byte = bytes[at] ?? 0;
        at += 1;
        length += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
        shift += 7;
        if (shift > 28) return true;
      }
      at += length;
    } else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else return true;
  }
  return at !== end;
}
