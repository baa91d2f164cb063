import { randomUUID } from 'node:crypto';
import { startAgent, startDrain, type Agent } from '../agent.ts';
import { catalogFromObjects } from '../catalog/catalog-from-objects.ts';
import type { SimOptions } from '../sim/sim-kernel.ts';
import { buildFleet, type Fleet } from './fleet.ts';
import { buildTrafficPlan, usualFlowsPerSecond } from './fleet-traffic.ts';
import { startRecords } from './record-source.ts';

/** How large the demo is. */
export interface DemoOptions {
  /** 1 to 99. */
  nodes?: number;
  /** Flows a second of the whole cluster. */
  rate?: number;
  /** The same traffic for the same number. */
  seed?: number;
  /** Where the relay listens. */
  listen?: readonly string[];
}

/** What the demo needs of a relay: the room that starts the demo passes it in, for agents know no relay. */
export type StartRelay = (options: { peers: string[]; listen: string[] }) => Promise<{ addresses: string[]; close(): Promise<void> }>;

/** A running demo. */
export interface Demo {
  /** The relay's. */
  address: string;
  close(): Promise<void>;
}

/** Twelve, as the cluster the fleet is modelled on. */
const defaultNodes = 12;
const ringBytes = [1 << 18, 1 << 19] as const;
/** Connections a node's table holds at the usual rate; the database's node has a small one, which fills. */
const conntrackMax = 4_096;
const crowdedConntrackMax = 1024;
/** The first packets wait until agents know their addresses. */
const headStartNs = 250_000_000n;
/** Records of applications, times those of a recording, at the usual rate. */
const recordScale = 4;
const wallNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** Starts a cluster in this process: simulated kernels in one drain, real agents, a real relay, gRPC on loopback between them. */
export async function startDemo(options: DemoOptions, startRelay: StartRelay): Promise<Demo> {
  const fleet = buildFleet(options.nodes ?? defaultNodes);
  const catalog = catalogFromObjects(fleet.objects);
  const drain = startDrain();
  const agents: Agent[] = [];
  let stopRecords = (): void => {};
  const closeAll = async (): Promise<void> => {
    stopRecords();
    await Promise.all(agents.map((agent) => agent.close()));
    drain.close();
  };
  try {
    agents.push(...await Promise.all(simOptions(fleet, options).map((sim) => startAgent({
      nodeName: sim.nodeName, kernel: { kind: 'sim', options: sim }, catalog, listen: ['127.0.0.1:0'], drain,
    }))));
    stopRecords = startDemoRecords(fleet, agents, options);
    const relay = await startRelay({ peers: agents.map((agent, index) => `${fleet.nodes[index]?.name ?? ''}=${agent.addresses[0] ?? ''}`), listen: [...(options.listen ?? ['127.0.0.1:0'])] });
    return {
      address: relay.addresses[0] ?? '',
      close: async () => {
        await relay.close();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** More packets are a load for agents; more records would only be more of the same. */
function startDemoRecords(fleet: Fleet, agents: readonly Agent[], { rate = usualFlowsPerSecond, seed = 1 }: DemoOptions): () => void {
  const byNode = new Map(agents.map((agent, index) => [fleet.nodes[index]?.name ?? '', agent]));
  return startRecords(byNode, { nodes: fleet.nodes.length, scale: recordScale * Math.min(1, rate / usualFlowsPerSecond), seed, wallNs });
}

function simOptions(fleet: Fleet, { rate = usualFlowsPerSecond, seed = 1 }: DemoOptions): SimOptions[] {
  const plan = buildTrafficPlan(fleet, rate);
  const startNs = process.hrtime.bigint() + headStartNs;
  const scale = Math.max(1, rate / usualFlowsPerSecond);
  const crowdedNode = fleet.pods.find((pod) => pod.app === 'postgres-primary')?.node;
  return fleet.nodes.map(({ name }, index) => ({
    nodeName: name,
    seed,
    plan,
    startNs,
    ringBytes,
    cpus: 4,
    conntrackMax: Math.round((name === crowdedNode ? crowdedConntrackMax : conntrackMax) * scale),
    kernelConntrackFill: name === crowdedNode ? 0.98 : 0.08 + ((index * 7) % 5) / 12,
    // A new boot each time: flows of an earlier demo have other uuids.
    bootId: randomUUID(),
  }));
}
