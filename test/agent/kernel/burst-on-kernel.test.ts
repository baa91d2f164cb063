import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startAgent, type Agent } from '../../../agent/agent.ts';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import type { Kernel } from '../../../agent/decode/kernel.ts';
import { openKernel, type KernelOptions } from '../../../agent/kernel/open-kernel.ts';
import { Channel } from '../../../src/rpc/channel.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import { LostEventSource, Verdict } from '../../../src/wire/gen/flow.ts';
import type { EventLedger, NodeReport } from '../../../src/wire/gen/hubtop.ts';
import type { GetFlowsResponse } from '../../../src/wire/gen/observer.ts';
import { ObserverService, TelemetryService } from '../../../src/wire/services.ts';
import { ScratchNode, missingForKernelTests, objectPath, run, type ScratchPod } from './scratch-namespaces.ts';

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: a burst on the real kernel: ${missing}`);

const PORTS = 2000;
const world = '10.253.9.9';
/** Datagrams to so many ports, each a connection; then a few more, so that a hole has an end. All on one CPU: sequences are by CPU. */
const blastAt = (ip: string): string => `
const socket = require('node:dgram').createSocket('udp4');
const send = (from, to) => { for (let port = from; port < to; port++) socket.send('x', port, '${ip}'); };
socket.bind(() => {
  send(1, ${PORTS} + 1);
  setTimeout(() => { send(${PORTS} + 1, ${PORTS} + 4); }, 200);
  setTimeout(() => { socket.close(); }, 300);
});
`;

function macOf(namespace: string, device: string): string {
  return /link\/ether (\S+)/.exec(run(`ip -n ${namespace} -o link show ${device}`))?.[1] ?? '';
}

describe.skipIf(missing !== undefined)('a burst that the rings have no room for', () => {
  let node: ScratchNode;
  let web: ScratchPod;
  let kernel: Kernel;
  let agent: Agent;
  let channel: Channel;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hubtop-burst-'));
    node = new ScratchNode();
    web = node.addPod(1);
    // the way is known: or datagrams would wait for it in vain, and come back as errors seconds later
    run(`ip -n ${node.name} neigh add 10.253.0.1 lladdr 02:00:00:00:00:01 dev uplink`);
    run(`ip -n ${web.name} neigh replace 169.254.1.1 lladdr ${macOf(node.name, web.hostDevice)} dev eth0`);
  });

  afterEach(async () => {
    channel?.close();
    await agent?.close();
    kernel?.close();
    node?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(options: KernelOptions): Promise<void> {
    // a page each: 26 records. Nothing is swept into them for long.
    kernel = openKernel({ objectPath, ringBytes: { urgent: 4096, bulk: 4096 }, reportIntervalSeconds: 600, ...options });
    const pod = {
      apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name: 'web', uid: 'u', labels: { app: 'web' } },
      spec: { nodeName: 'scratch' }, status: { phase: 'Running', podIP: web.ip, podIPs: [{ ip: web.ip }] },
    };
    agent = await startAgent({
      nodeName: 'scratch', kernel: { kind: 'kernel', kernel }, catalog: catalogFromObjects([{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'scratch' } }, pod]),
      listen: [`unix://${join(folder, 'agent.sock')}`], history: { rows: 8191 },
    });
    channel = new Channel(parseTarget(agent.addresses[0] ?? ''));
  }

  /** Not awaited in one go: the drain of a test is on this thread. */
  async function burst(ip = world): Promise<void> {
    const script = join(folder, 'blast.cjs');
    writeFileSync(script, blastAt(ip));
    await promisify(execFile)('nsenter', [`--net=/run/netns/${web.name}`, 'taskset', '-c', '0', process.execPath, script]);
  }

  /** The first report in which the ledger of a kind is as wanted. */
  async function report(isWanted: (ledger: EventLedger) => boolean, kind = 'trace'): Promise<{ trace: EventLedger; node: NodeReport }> {
    for await (const { nodes } of channel.stream(TelemetryService.Watch, {})) {
      const [first = {}] = nodes ?? [];
      const trace = first.events?.find((ledger) => ledger.kind === kind);
      if (trace !== undefined && isWanted(trace)) return { trace, node: first };
    }
    throw new Error('telemetry ended');
  }

  async function answersUntil(isEnough: (answers: GetFlowsResponse[]) => boolean): Promise<GetFlowsResponse[]> {
    const answers: GetFlowsResponse[] = [];
    for await (const answer of channel.stream(ObserverService.GetFlows, { follow: true, number: 10_000n })) {
      answers.push(answer);
      if (isEnough(answers)) break;
    }
    return answers;
  }

  test('becomes flows that stand for many: nothing is lost, and both ledgers balance', async () => {
    await start({});
    await burst();
    const { trace, node: told } = await report((ledger) => (ledger.folded ?? 0) > 0 && (ledger.happened ?? 0) >= PORTS + 3);
    expect([trace.losses ?? [], (trace.reported ?? 0) + (trace.folded ?? 0)]).toEqual([[], trace.happened]);
    const { volume = {} } = told;
    expect((volume.reported_skbs ?? 0) + (volume.live_skbs ?? 0)).toBe(volume.counted_skbs);
    const weight = ({ flow }: GetFlowsResponse): number => (flow === undefined ? 0 : (flow.aggregate?.egress_flow_count ?? 1));
    const answers = await answersUntil((all) => all.reduce((sum, answer) => sum + weight(answer), 0) >= (trace.happened ?? 0));
    expect(answers.some((answer) => answer.lost_events !== undefined)).toBe(false);
    const many = answers.flatMap(({ flow }) => (flow?.aggregate === undefined ? [] : [flow]));
    expect(many.length).toBeGreaterThan(0);
    for (const flow of many) expect(flow).toMatchObject({ node_name: 'scratch', source: { pod_name: 'web' }, destination: { identity: 2 }, traffic_direction: 2, IP: { ipVersion: 1 } });
    const times = answers.flatMap(({ flow }) => (flow === undefined ? [] : [(flow.time?.seconds ?? 0n) * 1_000_000_000n + BigInt(flow.time?.nanos ?? 0)]));
    expect(times).toEqual(times.toSorted((one, other) => Number(one - other)));
    expect(new Set(answers.flatMap(({ flow }) => flow?.uuid ?? [])).size).toBe(times.length);
  });

  test('of kernel drops becomes dropped flows that stand for them', async () => {
    const api = node.addPod(2);
    run(`ip -n ${node.name} neigh replace ${api.ip} lladdr ${macOf(api.name, 'eth0')} dev ${api.hostDevice}`);
    await start({});
    await burst(api.ip);
    const { trace: drops } = await report((ledger) => (ledger.folded ?? 0) > 0 && (ledger.happened ?? 0) >= PORTS, 'kernel-drop');
    expect((drops.losses ?? []).filter(({ stage }) => stage !== 'suppressed')).toEqual([]);
    const many = (all: GetFlowsResponse[]): number => all.reduce((sum, { flow }) => sum + (flow?.verdict === Verdict.DROPPED ? (flow.aggregate?.unknown_direction_flow_count ?? 0) : 0), 0);
    const answers = await answersUntil((all) => many(all) >= (drops.folded ?? 0));
    const folded = answers.flatMap(({ flow }) => (flow?.aggregate !== undefined && flow.verdict === Verdict.DROPPED ? [flow] : []));
    expect(folded[0]).toMatchObject({ Summary: 'kernel: NO_SOCKET', source: { namespace: 'shop' }, event_type: { type: 1, sub_type: 255 }, IP: { ipVersion: 1 } });
  });

  test('is lost with folding off, exactly as the ledger and the lost events say', async () => {
    await start({ onFullRing: 'lose' });
    await burst();
    const { trace } = await report((ledger) => (ledger.happened ?? 0) >= PORTS + 3 && (ledger.losses?.length ?? 0) > 0);
    const [loss] = trace.losses ?? [];
    expect(loss).toMatchObject({ stage: 'kernel-ring' });
    expect((trace.reported ?? 0) + (loss?.count ?? 0)).toBe(trace.happened);
    expect(trace.folded ?? 0).toBe(0);
    const count = (all: GetFlowsResponse[]): number => all.reduce((sum, { lost_events: lost }) => sum + Number(lost?.num_events_lost ?? 0n), 0);
    const answers = await answersUntil((all) => count(all) >= (loss?.count ?? 0) && all.filter(({ flow }) => flow !== undefined).length >= (trace.reported ?? 0));
    expect(count(answers)).toBe(loss?.count);
    const told = answers.flatMap(({ lost_events: lost }) => lost ?? []);
    for (const lost of told) expect([lost.source, lost.first !== undefined, lost.last !== undefined]).toEqual([LostEventSource.PERF_EVENT_RING_BUFFER, true, true]);
  });
});
