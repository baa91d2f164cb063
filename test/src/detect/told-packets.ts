import { update } from '../../../src/control/update.ts';
import { findings } from '../../../src/detect/findings.ts';
import type { Finding } from '../../../src/model/finding.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { timestampOf } from '../../../src/model/time.ts';
import type { Endpoint, Flow, TCPFlags } from '../../../src/wire/gen/flow.ts';
import { FlowExtensionCodec, type Report, type TcpCount } from '../../../src/wire/gen/hubtop.ts';
import { endpoint, framed, joined } from '../app/fake-cluster.ts';

/** 2026-03-01 12:00:00 UTC. */
export const START_MS = 1_772_366_400_000;

const PATTERN = /^(\S+) ([<>]) (\S+):(\d+) (SYN|SYN-ACK|ACK|PSH|RST|RST-ACK|DATA)( new)?( mid)?( drop \d+)?(?: from (\d+))?$/;

/**
 * A flow in a line: `shop/web > shop/api:8080 SYN`, `shop/web < shop/api:8080 SYN-ACK` (the way back), with ` new` for trace reason
 * NEW, ` mid` for an agent that says that it began without SYN, ` drop 136`, ` from 40001` for the client's port. `world` is the world.
 */
export function packet(text: string, timeMs: number, more: { node?: string; labels?: readonly string[] } = {}): Flow {
  const [, client = '', way, server = '', port, kind = '', isNew, isMid, drop, clientPort = '40000'] = PATTERN.exec(text) ?? [];
  if (kind === '') throw new Error(`no packet: ${text}`);
  const isReply = way === '<';
  const [source, destination] = isReply ? [party(server), party(client, more.labels)] : [party(client, more.labels), party(server)];
  const ports = { source_port: Number(isReply ? port : clientPort), destination_port: Number(isReply ? clientPort : port) };
  const flags: TCPFlags = { SYN: kind.startsWith('SYN'), ACK: kind === 'DATA' || kind === 'PSH' || kind.includes('ACK'), PSH: kind === 'PSH' || kind === 'DATA', RST: kind.startsWith('RST') };
  return {
    time: timestampOf(timeMs), verdict: drop === undefined ? 1 : 2, node_name: more.node ?? 'node-01', Type: 1, traffic_direction: 2, trace_reason: isNew === undefined ? (isReply ? 3 : 2) : 1,
    IP: isReply ? { source: addressOf(server), destination: addressOf(client) } : { source: addressOf(client), destination: addressOf(server) },
    l4: { TCP: { ...ports, flags } }, source, destination, is_reply: { value: isReply },
    ...(drop === undefined ? {} : { drop_reason_desc: Number(drop.slice(' drop '.length)) }),
    ...(isMid === undefined ? {} : { extensions: { type_url: 'type.googleapis.com/hubtop.v1.FlowExtension', value: FlowExtensionCodec.encode({ mid_stream: true }) } }),
  };
}

function party(name: string, labels: readonly string[] = []): Endpoint {
  if (name === 'world') return { identity: 2, labels: ['reserved:world'] };
  const known = endpoint(name);
  return { ...known, labels: [...(known.labels ?? []), ...labels] };
}

function addressOf(name: string): string {
  return name === 'world' ? '198.51.100.77' : `10.0.${[...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 250, 7)}.9`;
}

/** A dashboard on a stock relay, told second by second. */
export class ToldDashboard {
  readonly state: State;
  second = 0;

  constructor() {
    this.state = initialState({ server: 's', nowMs: START_MS, view: 'overview' });
    update(this.state, { type: 'telemetry-absent' });
    update(this.state, { type: 'connection', state: 'connecting' });
    update(this.state, { type: 'connection', state: 'live' });
    update(this.state, { type: 'flows-state', isOpen: true });
  }

  /** Lets seconds pass; `lines` gives the packets of each. Two packets of a line get client ports of their own. */
  run(seconds: number, lines: (second: number) => readonly string[], more: Parameters<typeof packet>[2] = {}): this {
    for (let i = 0; i < seconds; i++) {
      const flows = lines(this.second).map((line, n) => framed(packet(/ from \d+$/.test(line) ? line : `${line} from ${32_800 + ((this.second * 50 + n) % 28_000)}`, START_MS + this.second * 1000 + 100 + n, more)));
      if (flows.length > 0) update(this.state, { type: 'flows', bytes: joined(flows) });
      this.second++;
      update(this.state, { type: 'tick', nowMs: START_MS + this.second * 1000 });
    }
    return this;
  }

  /** What is found now, of some kinds. */
  found(...words: string[]): Finding[] {
    return findings(this.state).filter(({ word }) => words.length === 0 || words.includes(word));
  }
}

/** A report of what the stacks of both ends did in the second that ends at `timeMs`. */
export function tcpReport(timeMs: number, tcp: Pick<TcpCount, 'egress' | 'ingress'> & { from: string; to: string; port: number; resets?: number }): Report {
  const { from, to, resets = 0, ...more } = tcp;
  const ends = { source: { ...party(from), pod_name: '' }, destination: { ...party(to), pod_name: '' } };
  return {
    time: timestampOf(timeMs), interval_ns: 1e9, verdicts: [{ verdict: 1, flows: 10 }], nodes: [], tcp: [{ ...more, ...ends }],
    pairs: [{ ...ends, port: tcp.port, protocol: 6, verdict: 1, egress: { skbs: 10, bytes: 900, connections: 2, resets, flows: 8 } }],
  };
}

/** A report of what kernels counted of one pair in the second that ends at `timeMs`. */
export function pairReport(timeMs: number, pairs: readonly { from: string; to: string; port: number; opened: number; sent: number; back: number; labels?: readonly string[]; bytes?: number }[]): Report {
  return {
    time: timestampOf(timeMs), interval_ns: 1e9, verdicts: [{ verdict: 1, flows: 10 }], nodes: [],
    pairs: pairs.map((pair) => ({
      source: { ...party(pair.from, pair.labels), pod_name: '' }, destination: { ...party(pair.to), pod_name: '' }, port: pair.port, protocol: 6, verdict: 1,
      egress: { skbs: pair.sent, segments: pair.sent, bytes: pair.bytes ?? pair.sent * 90, reply_skbs: pair.back, reply_segments: pair.back, reply_bytes: pair.back * 90, connections: pair.opened, flows: pair.opened * 4 },
    })),
  };
}
