import { exponential, mixSeed, type Random } from '../../sim/random.ts';
import { countTraffic, keptPort, tellConnection, tellPacket } from './conversations.ts';
import { type Link, TCP, UDP } from './flow-shapes.ts';
import { allowingPolicies } from './healthy-policies.ts';
import { type ConnectRow, type HealthyRow, healthyRows, type LookupRow, type PoolRow, type ProduceRow, type RouteRow } from './healthy-rows.ts';
import { tellNoise } from './healthy-noise.ts';
import { tellHttp, tellLookup, tellProduce } from './l7-records.ts';
import type { Scene } from './scene.ts';
import type { StoryEnd } from './story-cluster.ts';

const visitors = ['203.0.113.24', '203.0.113.71', '198.51.100.9', '203.0.113.130'];
const cardNetwork = ['192.0.2.44', '192.0.2.45'];
/** Below this rate arrivals are evenly spaced: a pair that is seldom seen is seen all the same. */
const evenBelow = 0.5;
const searchPath = ['payments.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.'];
const noSuchName = 3;
const idLetters = 'abcdefghijklmnopqrstuvwxyz234567';

/** One second of a good cluster, with the rows a story makes of the usual ones. */
export function healthySecond(scene: Scene, random: Random, rowNow: (row: HealthyRow) => HealthyRow | undefined): void {
  for (const row of healthyRows) {
    const now = rowNow(row);
    if (now !== undefined) playRow(scene, random, now);
  }
  tellNoise(scene);
}

/** What one row does in this second. */
export function playRow(scene: Scene, random: Random, row: HealthyRow): void {
  for (const offset of arrivals(row, scene.second, random)) {
    const client = pick(endsOf(scene, row.from), random);
    const server = row.kind === 'lookup' ? pick(scene.cluster.of('kube-dns'), random) : pick(endsOf(scene, row.to), random);
    if (client === undefined || server === undefined) continue;
    play(scene, random, { row, client: client.app === 'host' ? scene.cluster.host(server.node) : client, server, atMs: scene.atMs + offset * 1000 });
  }
}

interface Arrival<Row extends HealthyRow = HealthyRow> {
  row: Row;
  client: StoryEnd;
  server: StoryEnd;
  atMs: number;
}

function play(scene: Scene, random: Random, { row, ...ends }: Arrival): void {
  switch (row.kind) {
    case 'route': return playRoute(scene, random, { row, ...ends });
    case 'lookup': return playLookup(scene, random, { row, ...ends });
    case 'produce': return playProduce(scene, random, { row, ...ends });
    case 'connect': return playConnect(scene, random, { row, ...ends });
    case 'pool': return playPool(scene, { row, ...ends });
  }
}

function playRoute(scene: Scene, random: Random, { row, client, server, atMs }: Arrival<RouteRow>): void {
  const path = row.path.replace('{id}', () => `pay_${Array.from({ length: 6 }, () => idLetters[Math.floor(random() * idLetters.length)]).join('')}`);
  tellHttp(scene, keptLink(client, server, row.port), {
    atMs, latencyMs: Math.min(latency(random, row.middleMs, row.tailMs), row.ceilingMs ?? Infinity), protocol: row.protocol, method: row.method,
    url: `http://${row.to}.${server.endpoint.namespace ?? ''}:${row.port}${path}`, code: codeOf(random, row.others ?? []), requestBytes: row.requestBytes, responseBytes: row.responseBytes,
  });
}

function playLookup(scene: Scene, random: Random, { row, client, server, atMs }: Arrival<LookupRow>): void {
  const link: Link = { client, server, clientPort: freshPort(random), port: 53, protocol: UDP };
  const { name, type, ip } = row;
  const stepMs = 1.1;
  const tries = row.isSearched === true ? searchPath.map((suffix) => `${name}.${suffix}`) : [];
  for (const [step, query] of tries.entries()) tellLookup(scene, link, { atMs: atMs + step * stepMs, latencyMs: latency(random, 0.4, 1), name: query, type, ips: [], rcode: noSuchName });
  tellLookup(scene, link, { atMs: atMs + tries.length * stepMs, latencyMs: latency(random, 0.6, 4), name: name.endsWith('.') ? name : `${name}.`, type, ips: [ip], rcode: 0 });
}

function playProduce(scene: Scene, random: Random, { row, client, server, atMs }: Arrival<ProduceRow>): void {
  const number = scene.second * 10 + Math.floor(random() * 10);
  tellProduce(scene, keptLink(client, server, 9_092), { atMs, latencyMs: latency(random, 2.5, 9), topic: row.topic, number, bytes: 14_000 });
}

function playConnect(scene: Scene, random: Random, { row, client, server, atMs }: Arrival<ConnectRow>): void {
  const link = { client, server, clientPort: freshPort(random), port: row.port, protocol: row.protocol === 'UDP' ? UDP : TCP };
  tellConnection(scene, link, { atMs, lifeMs: row.lifeMs * (0.7 + 0.6 * random()), sent: row.sent, received: row.received, allowedBy: allowingPolicies(row.to) });
}

function playPool(scene: Scene, { row, client, server, atMs }: Arrival<PoolRow>): void {
  const link = keptLink(client, server, row.port);
  countTraffic(scene, link, { sent: row.sent, received: row.received });
  tellPacket(scene, link, { side: 'client', atMs, isReply: false, flags: ['PSH', 'ACK'], why: 'interval', bytes: row.sent });
  tellPacket(scene, link, { side: 'client', atMs: atMs + 0.4, isReply: true, flags: ['PSH', 'ACK'], why: 'interval', bytes: row.received });
}

/** Seconds into this one: of a Poisson process, or evenly spaced over many seconds. */
function arrivals({ perSecond, ...row }: HealthyRow, second: number, random: Random): number[] {
  if (perSecond < evenBelow) {
    const phase = (mixSeed(...[...JSON.stringify(row)].map((letter) => letter.charCodeAt(0))) % 1_000) / 1_000;
    return Math.floor((second + 1) * perSecond + phase) > Math.floor(second * perSecond + phase) ? [random() * 0.98] : [];
  }
  const offsets: number[] = [];
  for (let at = exponential(random, 1 / perSecond); at < 1; at += exponential(random, 1 / perSecond)) offsets.push(at);
  return offsets;
}

function endsOf(scene: Scene, name: string): StoryEnd[] {
  const { cluster } = scene;
  switch (name) {
    case 'world': return visitors.map((ip) => cluster.world(ip));
    case 'cards': return cardNetwork.map((ip) => cluster.world(ip));
    case 'hosts': return cluster.nodes.map((node) => cluster.host(node.name));
    default: return cluster.of(name);
  }
}

/** A port no connection of the last minutes had, most likely. */
export function freshPort(random: Random): number {
  return 32_768 + Math.floor(random() * 28_000);
}

/** One of a list; undefined of an empty one. */
export function pick<T>(list: readonly T[], random: Random): T | undefined {
  return list[Math.floor(random() * list.length)];
}

/** A connection that stays. */
export function keptLink(client: StoryEnd, server: StoryEnd, port: number): Link {
  return { client, server, clientPort: keptPort(client, server), port, protocol: TCP };
}

/** Log-normal: half below `middle`, one in a hundred above `tail`. */
export function latency(random: Random, middle: number, tail: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return middle * Math.exp((Math.log(tail / middle) / 2.326) * normal);
}

function codeOf(random: Random, others: NonNullable<RouteRow['others']>): number {
  let at = random();
  for (const [code, share] of others) {
    if (at < share) return code;
    at -= share;
  }
  return 200;
}
