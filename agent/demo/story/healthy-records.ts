import { mixSeed, seededRandom } from '../../sim/random.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { playRow } from './healthy.ts';
import { healthyRows } from './healthy-rows.ts';
import { calmGauges } from './node-gauges.ts';
import type { Scene } from './scene.ts';
import type { StoryCluster } from './story-cluster.ts';

/** A record as a parser on a node gives it: addresses, no names. */
export interface TimedRecord {
  node: string;
  /** Milliseconds since the first second. */
  atMs: number;
  record: Flow;
}

const recordRows = healthyRows.filter(({ kind }) => kind === 'route' || kind === 'lookup' || kind === 'produce');

/** The calls, lookups and messages that begin in one second of a good cluster, in no order; what answers may come later. `scale`: times the usual. */
export function healthyRecords(cluster: StoryCluster, second: number, { seed, scale }: { seed: number; scale: number }): TimedRecord[] {
  const records: TimedRecord[] = [];
  const random = seededRandom(mixSeed(seed, second, 1));
  const scene: Scene = {
    second, atMs: second * 1000, age: -1, random, cluster,
    tell: ({ node, atMs, flow }) => { records.push({ node, atMs, record: withoutNames(flow) }); },
    gauges: (node) => calmGauges(node, second, undefined),
    // volumes are the kernel's to count
    count: () => {}, change: () => {}, setPolicy: () => {}, unseen: () => {}, tellLoss: () => {},
  };
  for (const row of recordRows) playRow(scene, random, { ...row, perSecond: row.perSecond * scale });
  return records;
}

function withoutNames({ source: _source, destination: _destination, reply: _reply, Type: _type, event_type: _event, ...record }: Flow): Flow {
  return record;
}
