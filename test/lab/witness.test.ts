import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { startLab, type Lab, type LabAgent } from '../../agent/lab/lab.ts';
import type { LabPlan } from '../../agent/lab/lab-plan.ts';
import { inNamespace } from '../../agent/lab/namespace.ts';
import { runTool } from '../../agent/lab/run-tool.ts';
import { openChannel, type Channel } from '../../src/rpc/channel.ts';
import { parseTarget } from '../../src/rpc/target.ts';
import type { Endpoint } from '../../src/wire/gen/flow.ts';
import type { Report, Volume } from '../../src/wire/gen/hubtop.ts';
import { TelemetryService } from '../../src/wire/services.ts';
import { startCapture, type Capture } from './capture.ts';
import { eventually, kernelProblem, program } from './lab-process.ts';

const witnessProblem = kernelProblem !== '' ? kernelProblem : ['tcpdump', 'ethtool'].every((tool) => spawnSync(tool, ['--version']).status === 0) ? '' : 'needs tcpdump and ethtool';
if (witnessProblem !== '') console.warn(`skipped: the lab against an independent witness (${witnessProblem})`);

/** Packets and bytes by `client > server:port/protocol side way`. */
type Counts = Map<string, { skbs: number; bytes: number }>;

const serverPorts = new Set([53, 8000, 8080, 9090, 9999, 50051]);
const trafficSeconds = 5;

function add(counts: Counts, key: string, skbs: number, bytes: number): void {
  if (skbs === 0) return;
  const row = counts.get(key) ?? { skbs: 0, bytes: 0 };
  counts.set(key, { skbs: row.skbs + skbs, bytes: row.bytes + bytes });
}

function sorted(counts: Counts): string[] {
  return [...counts].map(([key, { skbs, bytes }]) => `${key}: ${skbs} skbs, ${bytes} bytes`).sort();
}

/** What the agents say, from their reports. */
class Telemetry {
  readonly reports: Report[] = [];
  private readonly channels: Channel[] = [];
  private readonly stop = new AbortController();

  watch(agents: readonly LabAgent[]): void {
    for (const { address } of agents) {
      const channel = openChannel(parseTarget(address));
      this.channels.push(channel);
      void this.read(channel).catch(() => {});
    }
  }

  close(): void {
    this.stop.abort();
    for (const channel of this.channels) channel.close();
  }

  pairs(): Counts {
    const counts: Counts = new Map();
    for (const pair of this.reports.flatMap((report) => report.pairs ?? [])) {
      const name = `${appOf(pair.source)} > ${appOf(pair.destination)}:${pair.port ?? 0}/${pair.protocol ?? 0}`;
      for (const [side, volume] of [['at client', pair.egress], ['at server', pair.ingress]] as [string, Volume | undefined][]) {
        add(counts, `${name} ${side} request`, volume?.skbs ?? 0, volume?.bytes ?? 0);
        add(counts, `${name} ${side} reply`, volume?.reply_skbs ?? 0, volume?.reply_bytes ?? 0);
      }
    }
    return counts;
  }

  segmentsBeyondSkbs(): number {
    const volumes = this.reports.flatMap((report) => report.pairs ?? []).flatMap((pair) => [pair.egress, pair.ingress]);
    return volumes.reduce((sum, volume) => sum + (volume?.segments ?? 0) - (volume?.skbs ?? 0) + (volume?.reply_segments ?? 0) - (volume?.reply_skbs ?? 0), 0);
  }

  private async read(channel: Channel): Promise<void> {
    for await (const report of channel.stream(TelemetryService.Watch, {}, { signal: this.stop.signal })) this.reports.push(report);
  }
}

function appOf(endpoint: Endpoint | undefined): string {
  return endpoint?.labels?.find((label) => label.startsWith('k8s:app='))?.slice('k8s:app='.length) ?? 'unknown';
}

/** The same pairs, from what tcpdump saw inside the pods. */
function capturedPairs(plan: LabPlan, captures: Map<string, Awaited<ReturnType<Capture['stop']>>>): Counts {
  const apps = new Map(plan.pods.flatMap((pod) => [[pod.ipv4, pod], [pod.ipv6, pod]] as const));
  const counts: Counts = new Map();
  for (const [podName, packets] of captures) {
    for (const packet of packets) {
      const source = apps.get(packet.source);
      const destination = apps.get(packet.destination);
      if (source === undefined || destination === undefined) continue;
      const isReply = serverPorts.has(packet.sourcePort) && !serverPorts.has(packet.destinationPort);
      const [client, server, port] = isReply ? [destination, source, packet.sourcePort] : [source, destination, packet.destinationPort];
      const side = client.name === podName ? 'at client' : 'at server';
      add(counts, `${client.app} > ${server.app}:${port}/${packet.protocol} ${side} ${isReply ? 'reply' : 'request'}`, 1, packet.bytes);
    }
  }
  return counts;
}

/** Received and sent packets and bytes of every pod's eth0. */
async function deviceFigures(plan: LabPlan): Promise<Counts> {
  const counts: Counts = new Map();
  for (const pod of plan.pods) {
    const text = await runTool(inNamespace(pod.netns, ['cat', '/proc/net/dev']));
    const figures = /eth0:\s*(.*)/.exec(text)?.[1]?.split(/\s+/).map(Number) ?? [];
    add(counts, `${pod.app} received`, figures[1] ?? 0, figures[0] ?? 0);
    add(counts, `${pod.app} sent`, figures[9] ?? 0, figures[8] ?? 0);
  }
  return counts;
}

function difference(after: Counts, before: Counts): Counts {
  return new Map([...after].map(([key, { skbs, bytes }]) => [key, { skbs: skbs - (before.get(key)?.skbs ?? 0), bytes: bytes - (before.get(key)?.bytes ?? 0) }]));
}

/** What each app received and sent, summed from pairs. */
function byDevice(pairs: Counts): Counts {
  const counts: Counts = new Map();
  for (const [key, { skbs, bytes }] of pairs) {
    const [, client = '', server = '', side, way] = /^(\S+) > (\S+?):\S+ at (client|server) (request|reply)$/.exec(key) ?? [];
    const isSent = (side === 'client') === (way === 'request');
    add(counts, `${side === 'client' ? client : server} ${isSent ? 'sent' : 'received'}`, skbs, bytes);
  }
  return counts;
}

describe.skipIf(witnessProblem !== '')('the lab against an independent witness', { timeout: 90_000 }, () => {
  let lab: Lab | undefined;
  const telemetry: Telemetry[] = [];
  afterEach(async () => {
    for (const watch of telemetry.splice(0)) watch.close();
    await lab?.close();
  });

  async function run(hasOffloads: boolean): Promise<{ told: Telemetry; captured: Counts; devices: Counts }> {
    const told = new Telemetry();
    telemetry.push(told);
    const captures = new Map<string, Capture>();
    let before: Counts = new Map();
    lab = await startLab({
      program, hasOffloads, id: hasOffloads ? 'twit' : 'tseg',
      beforeTraffic: async (agents, plan) => {
        told.watch(agents);
        await eventually('a first report of each agent', () => (new Set(told.reports.map((report) => report.nodes?.[0]?.name)).size === 2 ? true : undefined));
        for (const pod of plan.pods) captures.set(pod.name, await startCapture(pod.netns, 'eth0'));
        before = await deviceFigures(plan);
        told.reports.length = 0;
      },
    });
    await new Promise((resolve) => { setTimeout(resolve, trafficSeconds * 1000); });
    await lab.stopTraffic();
    const atEnd = told.reports.length;
    await eventually('the reports that end the traffic', () => (told.reports.length >= atEnd + 6 ? true : undefined));
    const stopped = await Promise.all([...captures].map(async ([name, capture]) => [name, await capture.stop()] as const));
    return { told, captured: capturedPairs(lab.plan, new Map(stopped)), devices: difference(await deviceFigures(lab.plan), before) };
  }

  test('skbs and bytes of every pair agree exactly with a capture, and those of every pod with its device', async () => {
    const { told, captured, devices } = await run(true);
    expect(captured.size).toBeGreaterThan(20);
    expect(sorted(told.pairs())).toEqual(sorted(captured));
    expect(sorted(byDevice(told.pairs()))).toEqual(sorted(devices));
    expect(told.segmentsBeyondSkbs()).toBeGreaterThan(0);
  });

  test('with offloads off every skb is one segment', async () => {
    const { told, captured } = await run(false);
    expect(sorted(told.pairs())).toEqual(sorted(captured));
    expect(told.segmentsBeyondSkbs()).toBe(0);
  });
});
