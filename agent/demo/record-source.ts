import { timestampOf } from '../../src/wire/timestamp.ts';
import type { Agent } from '../agent.ts';
import { healthyRecords, type TimedRecord } from './story/healthy-records.ts';
import { StoryCluster } from './story/story-cluster.ts';

/** Where the records of the demo come from, and how many. */
export interface RecordSourceOptions {
  nodes: number;
  /** Times what a recording has. */
  scale: number;
  seed: number;
  wallNs(): bigint;
}

const tickMs = 50;

/**
 * Plays what applications of a good cluster say to each other into the agents of their nodes, for as long as it is not stopped: the
 * simulated kernels have packets without payload, so nobody could parse it. Gives the way to stop.
 */
export function startRecords(agents: ReadonlyMap<string, Pick<Agent, 'records'>>, options: RecordSourceOptions): () => void {
  const cluster = new StoryCluster(options.nodes);
  const startNs = options.wallNs();
  let second = 0;
  let waiting: TimedRecord[] = [];
  const timer = setInterval(() => {
    const nowNs = options.wallNs();
    const nowMs = Number(nowNs - startNs) / 1e6;
    // seconds this process slept through are told by nobody
    if (nowMs - second * 1000 > 2_000) second = Math.floor(nowMs / 1000);
    for (; second * 1000 <= nowMs; second++) waiting.push(...healthyRecords(cluster, second, options));
    waiting.sort((one, other) => one.atMs - other.atMs);
    const due = waiting.findIndex(({ atMs }) => atMs > nowMs);
    for (const { node, atMs, record } of waiting.splice(0, due < 0 ? waiting.length : due)) {
      agents.get(node)?.records.add({ ...record, time: timestampOf(startNs + BigInt(Math.round(atMs * 1000)) * 1_000n) });
    }
    for (const agent of agents.values()) agent.records.complete(nowNs);
  }, tickMs);
  return () => { clearInterval(timer); };
}
