// The processes of the rpc and dashboard parts: each measures its own CPU, so that client, relay and server never share a figure.
import { connect } from 'node:http2';
import { initialState } from '../../src/model/state.ts';
import { update } from '../../src/control/update.ts';
import { startRelay } from '../../src/relay/relay.ts';
import type { BytesCall } from '../../src/rpc/batch-out.ts';
import { frameStream } from '../../src/rpc/binding.ts';
import { openChannel } from '../../src/rpc/channel.ts';
import { openFlows } from '../../src/rpc/flows-session.ts';
import { serve } from '../../src/rpc/serve.ts';
import { parseTarget } from '../../src/rpc/target.ts';
import { FlowRow, FlowWriter, endpointChunk } from '../../src/wire/flow-template.ts';
import { forEachMessage, frameOf } from '../../src/wire/frame-splitter.ts';
import { GetFlowsRequestCodec } from '../../src/wire/gen/observer.ts';
import { ObserverService } from '../../src/wire/services.ts';
import type { LongRun } from './long-run.ts';
import type { PacedServer } from './paced-server.ts';

/** What the bench asks of a process, and what it answers. */
export type Ask =
  | { do: 'serve'; how: 'batched' | 'message'; peers: number }
  | { do: 'relay'; peers: string[] }
  | { do: 'receive'; how: 'session' | 'http2' | 'grpc-js' | 'fold'; address: string; flows: number }
  /** Serves flows at a steady rate, and how many it has sent. */
  | { do: 'pace'; flowsPerSecond: number }
  | { do: 'sent' }
  /** Folds so many flows more into the process's own dashboard. */
  | { do: 'hold'; flows: number }
  | { do: 'cpu' };
export interface Answer {
  addresses?: string[];
  /** CPU since the process began, or of the one thing asked. */
  cpuMs: number;
  flows?: number;
  flowBytes?: number;
  rssBytes?: number;
}

const FLOWS_A_BATCH = 50;

/** A writer of batches whose times go on, so that a merge has something to do. */
class FlowSource {
  private readonly writer = new FlowWriter({ nodeName: 'node-a', emitter: { name: 'Hubble', version: '1.19.4' } });
  private readonly row = new FlowRow();
  private sent = 0;

  constructor(private readonly peer: number, private readonly peers: number) {
    const endpoint = (name: string, identity: number): Uint8Array => endpointChunk({
      ID: identity, identity, namespace: 'payments', pod_name: `${name}-7d4b9c-x9hk`, workloads: [{ name, kind: 'Deployment' }],
      labels: [`k8s:app=${name}`, 'k8s:io.cilium.k8s.policy.cluster=default', 'k8s:io.kubernetes.pod.namespace=payments'],
    });
    Object.assign(this.row, {
      verdict: 1, eventType: 4, direction: 1, isReply: 0, tracePoint: 101, traceReason: 2, ipVersion: 4, sourceMacAt: 0, destinationMacAt: 6, sourceIpAt: 12, destinationIpAt: 16,
      protocol: 6, sourcePort: 40_000, destinationPort: 8080, tcpFlags: 0x10, source: endpoint('checkout-api', 20_001), destination: endpoint('ledger-svc', 20_002),
      bytes: Uint8Array.from([10, 88, 10, 1, 0, 7, 10, 88, 10, 1, 0, 1, 10, 244, 1, 2, 10, 244, 3, 4]),
    });
  }

  /** The next batch; the bytes are lent until the next call. */
  next(flows: number): Uint8Array {
    this.writer.reset();
    for (let i = 0; i < flows; i++) {
      const tick = this.sent++ * this.peers + this.peer;
      this.row.timeSeconds = 1_772_615_702 + Math.floor(tick / 1e6);
      this.row.timeNanos = (tick % 1e6) * 1000;
      this.row.sourcePort = 30_000 + (this.sent & 0x3fff);
      this.writer.write(this.row);
    }
    return this.writer.bytes();
  }
}

function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

async function serveFlows(ask: Ask & { do: 'serve' }): Promise<Answer> {
  const addresses: string[] = [];
  const sample = new FlowSource(0, 1).next(FLOWS_A_BATCH).slice();
  for (let peer = 0; peer < ask.peers; peer++) {
    if (ask.how === 'message') {
      addresses.push(await serveByMessage(sample));
      continue;
    }
    const server = await serve({
      listen: ['127.0.0.1:0'],
      services: [frameStream(ObserverService.GetFlows, async (request, out, signal) => {
        // one sender of ready bytes, to measure the sending; many for a relay, whose times must go on
        const source = ask.peers === 1 ? undefined : new FlowSource(peer, ask.peers);
        for (let left = Number(request.number ?? 0n); left > 0 && !signal.aborted; left -= FLOWS_A_BATCH) {
          if (!out.write(source?.next(FLOWS_A_BATCH) ?? sample)) await out.drain();
        }
      })],
    });
    addresses.push(server.addresses[0] ?? '');
  }
  return { addresses, cpuMs: 0, flowBytes: sample.length / FLOWS_A_BATCH };
}

async function serveByMessage(sample: Uint8Array): Promise<string> {
  const grpc = await import('@grpc/grpc-js');
  const server = new grpc.Server();
  server.register(ObserverService.GetFlows.path, (call: BytesCall) => {
    const messages: Uint8Array[] = [];
    forEachMessage(sample, (start, end) => messages.push(sample.subarray(start, end)));
    let left = Number(GetFlowsRequestCodec.decode(call.request).number ?? 0n);
    const more = (): void => {
      for (;;) {
        if (left <= 0) {
          call.end();
          return;
        }
        if (!call.write(messages[left-- % messages.length] ?? sample)) break;
      }
      call.once('drain', more);
    };
    more();
  }, (bytes: Uint8Array) => Buffer.from(bytes), (bytes: Buffer): Uint8Array => bytes, 'serverStream');
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(`127.0.0.1:${port}`)));
  });
}

/** What a dashboard without telemetry does: receives every flow and folds it into rows, counts and pairs. */
async function foldAll(address: string, request: { number: bigint }): Promise<number> {
  const state = initialState({ server: address, nowMs: 1_772_615_702_000, view: 'flows' });
  update(state, { type: 'telemetry-absent' });
  update(state, { type: 'flows-state', isOpen: true });
  const channel = openChannel(parseTarget(address));
  const session = await openFlows(channel, ObserverService.GetFlows, request, { onBatch: (bytes) => update(state, { type: 'flows', bytes }) });
  await session.done;
  channel.close();
  return state.flows.received;
}

async function receive(ask: Ask & { do: 'receive' }): Promise<Answer> {
  const request = { number: BigInt(ask.flows) };
  const before = process.cpuUsage();
  let flows = 0;
  if (ask.how === 'session') {
    const channel = openChannel(parseTarget(ask.address));
    const session = await openFlows(channel, ObserverService.GetFlows, request, { onBatch: (_frames, count) => { flows += count; } });
    await session.done;
    channel.close();
  } else if (ask.how === 'fold') {
    flows = await foldAll(ask.address, request);
  } else if (ask.how === 'http2') {
    await dropAll(ask.address, GetFlowsRequestCodec.encode(request));
    flows = ask.flows;
  } else {
    const grpc = await import('@grpc/grpc-js');
    const client = new grpc.Client(ask.address, grpc.credentials.createInsecure());
    await new Promise<void>((resolve, reject) => {
      const call = client.makeServerStreamRequest(ObserverService.GetFlows.path, (bytes: Uint8Array) => Buffer.from(bytes), (bytes: Buffer) => bytes, GetFlowsRequestCodec.encode(request));
      call.on('data', () => { flows++; });
      call.on('end', resolve);
      call.on('error', reject);
    });
    client.close();
  }
  return { cpuMs: cpuMs(before), flows };
}

/** The yardstick: the same bytes, received and dropped. */
function dropAll(address: string, request: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}`, { settings: { initialWindowSize: 256 * 1024, maxFrameSize: 64 * 1024 } });
    session.on('error', reject);
    session.once('connect', () => session.setLocalWindowSize(4 * 1024 * 1024));
    const stream = session.request({ ':method': 'POST', ':path': ObserverService.GetFlows.path, 'content-type': 'application/grpc', te: 'trailers' });
    stream.on('data', () => {});
    stream.on('end', () => {
      session.close();
      resolve();
    });
    stream.on('error', reject);
    stream.end(frameOf(request));
  });
}

let paced: PacedServer | undefined;
let longRun: LongRun | undefined;

async function answer(ask: Ask): Promise<Answer> {
  switch (ask.do) {
    case 'serve': return serveFlows(ask);
    case 'receive': return receive(ask);
    case 'cpu': return { cpuMs: cpuMs() };
    case 'pace':
      paced = await (await import('./paced-server.ts')).servePaced(ask.flowsPerSecond);
      return { addresses: [paced.address], cpuMs: 0 };
    case 'sent': return { cpuMs: cpuMs(), flows: paced?.sent() ?? 0 };
    case 'hold': {
      const before = process.cpuUsage();
      longRun ??= new (await import('./long-run.ts')).LongRun();
      const flows = longRun.run(ask.flows);
      return { flows, cpuMs: cpuMs(before), rssBytes: process.memoryUsage.rss() };
    }
    case 'relay': {
      const relay = await startRelay({ peers: ask.peers, listen: ['127.0.0.1:0'] });
      return { addresses: relay.addresses, cpuMs: 0 };
    }
  }
}

/** Runs in a process of the bench: answers until the parent goes. */
export function runRole(): void {
  process.on('disconnect', () => process.exit());
  process.on('message', (ask: Ask) => {
    void answer(ask).then((reply) => process.send?.(reply), (error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
}
