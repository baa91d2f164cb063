import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { PairCounts } from '../../../src/model/pair-table.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { timestampOf } from '../../../src/model/time.ts';
import type { Flow, TCPFlags } from '../../../src/wire/gen/flow.ts';
import { FlowExtensionCodec } from '../../../src/wire/gen/hubtop.ts';
import { endpoint, framed, joined } from '../app/fake-cluster.ts';

const START_MS = 1_772_366_400_000;
const NEW = 1;
const ESTABLISHED = 2;

/** `SYN`, `SYN ACK`, … from shop/web:40000 to shop/api:8080, or back where `isReply`. */
interface Packet {
  flags?: string;
  atMs?: number;
  clientPort?: number;
  isReply?: boolean | undefined;
  reason?: number;
  isUdp?: boolean;
  direction?: number;
  drop?: number;
  isMidStream?: boolean;
  more?: Partial<Flow>;
}

function flow(packet: Packet): Flow {
  const { flags = '', atMs = 0, clientPort = 40_000, isReply = false, reason = ESTABLISHED, direction = 2 } = packet;
  const names = Object.fromEntries(flags.split(' ').filter(Boolean).map((name) => [name, true])) as TCPFlags;
  const ports = isReply ? { source_port: 8080, destination_port: clientPort } : { source_port: clientPort, destination_port: 8080 };
  const [client, server] = [endpoint('shop/web'), endpoint('shop/api')];
  return {
    time: timestampOf(START_MS + atMs), verdict: packet.drop === undefined ? 1 : 2, node_name: 'node-01', Type: 1, traffic_direction: direction, trace_reason: reason,
    IP: isReply ? { source: '10.0.0.2', destination: '10.0.0.1' } : { source: '10.0.0.1', destination: '10.0.0.2' },
    l4: packet.isUdp === true ? { UDP: ports } : { TCP: { ...ports, flags: names } },
    source: isReply ? server : client, destination: isReply ? client : server,
    ...('isReply' in packet && packet.isReply === undefined ? {} : { is_reply: { value: isReply } }),
    ...(packet.drop === undefined ? {} : { drop_reason_desc: packet.drop }),
    ...(packet.isMidStream === undefined ? {} : { extensions: { type_url: 'type.googleapis.com/hubtop.v1.FlowExtension', value: FlowExtensionCodec.encode({ mid_stream: packet.isMidStream, skbs: 1 }) } }),
    ...packet.more,
  };
}

function folded(packets: readonly Packet[]): State {
  const state = initialState({ server: 's', nowMs: START_MS, view: 'talkers' });
  update(state, { type: 'telemetry-absent' });
  update(state, { type: 'flows-state', isOpen: true });
  update(state, { type: 'flows', bytes: joined(packets.map((packet) => framed(flow(packet)))) });
  return state;
}

function countsOf(packets: readonly Packet[]): Partial<PairCounts> {
  const state = folded(packets);
  const rows = [...state.fromFlows.sum(START_MS / 1000, START_MS / 1000 + 100).pairs];
  expect(rows.map(([id]) => `${state.directory.pairAt(id).source.name} ${state.directory.pairAt(id).destination.name} ${state.directory.pairAt(id).port}`)).toEqual(['shop/web shop/api 8080']);
  return rows[0]?.[1] ?? {};
}

const syn: Packet = { flags: 'SYN', reason: NEW };
const synAck: Packet = { flags: 'SYN ACK', isReply: true, atMs: 1 };

describe('figures of flows', () => {
  test.each<[string, Packet[], Partial<PairCounts>]>([
    ['a SYN seen at both ends and judged by a policy is one connection', [syn, { ...syn, atMs: 1, direction: 1 }, { ...syn, atMs: 2, reason: 0, more: { event_type: { type: 5 } } }], { flows: 3, connections: 1, syns: 1 }],
    ['a SYN sent again is no other connection', [syn, { ...syn, atMs: 1_000 }, { ...syn, atMs: 3_000 }], { flows: 3, connections: 1, syns: 3 }],
    ['ports used again much later are another connection', [syn, { ...syn, atMs: 30_000 }], { connections: 2, syns: 2 }],
    ['two ports are two connections', [syn, { ...syn, clientPort: 40_001 }], { connections: 2, syns: 2 }],
    ['a dropped SYN is an attempt', [{ ...syn, drop: 133 }], { connections: 1, syns: 1, dropped: 1 }],
    ['an answered one', [syn, synAck, { ...synAck, atMs: 2, direction: 1 }], { connections: 1, syns: 1, synAcks: 1, replies: 2 }],
    ['a first datagram opens, the next ones do not', [{ isUdp: true, reason: NEW }, { isUdp: true, atMs: 5, direction: 1, reason: NEW }, { isUdp: true, isReply: true, atMs: 6 }, { isUdp: true, atMs: 9 }], { flows: 4, connections: 1, syns: 0 }],
    ['data opens nothing', [{ flags: 'ACK PSH' }, { flags: 'ACK FIN' }], { flows: 2, connections: 0, strays: 0 }],
    ['an ACK without SYN as the first packet is a stray, once', [{ flags: 'ACK PSH', reason: NEW }, { flags: 'ACK', reason: NEW, atMs: 900 }], { connections: 0, strays: 1 }],
    ['a late FIN or RST is none', [{ flags: 'ACK FIN', reason: NEW }, { flags: 'RST', reason: NEW, clientPort: 40_007 }], { strays: 0 }],
    ['connection tracking that misses the ACK flag tells of one', [{ flags: 'PSH', drop: 136 }], { strays: 1, dropped: 1 }],
    ['a RST without ACK on a connection without SYN: the server does not know it either', [{ flags: 'RST', isReply: true, isMidStream: true }], { strays: 1, resets: 1 }],
    ['a RST with ACK there is a close', [{ flags: 'RST ACK', isReply: true, isMidStream: true }], { strays: 0, resets: 1 }],
    ['a RST on a connection with SYN is no stray', [{ flags: 'RST', isReply: true, isMidStream: false }], { strays: 0, resets: 1 }],
    ['a flow that stands for many tells of no opening', [{ ...syn, more: { aggregate: { egress_flow_count: 40 } } }], { flows: 40, connections: 0, syns: 0 }],
    ['a SYN ACK goes to the client although nobody says so', [{ ...synAck, isReply: true, more: { is_reply: undefined } }], { synAcks: 1, replies: 1 }],
  ])('%s', (_what, packets, expected) => {
    expect(countsOf(packets)).toMatchObject(expected);
  });

  test('strays are remembered with what became of them', () => {
    const state = folded([{ flags: 'ACK PSH', reason: NEW }, { flags: 'RST', isReply: true, isMidStream: true, clientPort: 40_100 }, { flags: 'PSH', drop: 136, clientPort: 40_200 }]);
    const [strays = []] = [...state.strays.between(START_MS, START_MS + 1000).values()];
    expect(strays.map(({ end, client }) => [end, state.endpoints.get(client).pod_name])).toEqual([['passed', 'web-7d4b-x9hk'], ['reset', 'web-7d4b-x9hk'], ['dropped', 'web-7d4b-x9hk']]);
  });

  test.each<[string, Packet, string]>([
    ['a low port that talks to an ephemeral one is the server', { isReply: true, flags: 'ACK', more: { is_reply: undefined } }, 'shop/web'],
    ['between two low ports the source counts as the client', { flags: 'ACK', clientPort: 8081, isReply: undefined }, 'shop/web'],
  ])('where nobody says which way a packet goes: %s', (_what, packet, client) => {
    const state = folded([packet]);
    const [[id] = [0]] = [...state.fromFlows.sum(START_MS / 1000, START_MS / 1000 + 2).pairs];
    expect(state.directory.pairAt(id).source.name).toBe(client);
  });
});

describe('edges', () => {
  test('are learnt from flows only where nothing else tells of all traffic, and a drop is no edge', () => {
    const seen = (state: State): boolean[] => [1, 2].map((id) => state.edges.edge(id) !== undefined);
    expect(seen(folded([syn]))).toEqual([true, false]);
    expect(seen(folded([{ ...syn, drop: 133 }]))).toEqual([false, false]);
    const filtered = folded([]);
    update(filtered, { type: 'chip', field: 'port', value: '8080', isNegated: false });
    update(filtered, { type: 'flows-requested' });
    update(filtered, { type: 'flows-state', isOpen: true });
    update(filtered, { type: 'flows', bytes: framed(flow(syn)) });
    expect(seen(filtered)).toEqual([false, false]);
  });
});
