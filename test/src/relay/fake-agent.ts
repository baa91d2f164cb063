import { frameStream, serverStream, unary, type Binding } from '../../../src/rpc/binding.ts';
import type { FlowsOut } from '../../../src/rpc/batch-out.ts';
import { nodeNameHeader } from '../../../src/rpc/metadata.ts';
import { serve, type RpcServer } from '../../../src/rpc/serve.ts';
import { frameOf } from '../../../src/wire/frame-splitter.ts';
import { GetFlowsResponseCodec, type GetFlowsRequest, type GetFlowsResponse } from '../../../src/wire/gen/observer.ts';
import type { Report } from '../../../src/wire/gen/hubtop.ts';
import { ObserverService, TelemetryService } from '../../../src/wire/services.ts';
import { wantsWatermarks, watermarkMessage } from '../../../src/relay/merge/watermark.ts';

// near the relay's own clock: watermarks of another day mean a node that is behind
const base = BigInt(Math.floor(Date.now() / 1000));

/** A moment so many milliseconds after the test began. */
export function at(ms: number): { seconds: bigint; nanos: number } {
  return { seconds: base + BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 };
}

/** A flow of a node; `ms` is its time and its uuid. */
export function flow(node: string, ms: number): GetFlowsResponse {
  return { flow: { time: at(ms), uuid: `${node}-${ms}`, node_name: node, Summary: 'x'.repeat(100), $unknown: Uint8Array.of(0xfa, 0x3f, 1, 7) }, node_name: node, time: at(ms) };
}

/** An agent of a few lines: serves the flows it was given, and what a test pushes into followers. */
export class FakeAgent {
  readonly requests: GetFlowsRequest[] = [];
  readonly metadata: Record<string, string>[] = [];
  history: GetFlowsResponse[] = [];
  /** Undefined: no telemetry service, as a stock Hubble. */
  telemetry: AsyncIterable<Report> | undefined;
  private followers = new Map<FlowsOut, GetFlowsRequest>();
  private server: RpcServer | undefined;

  constructor(readonly name: string) {}

  get address(): string {
    return this.server?.addresses[0] ?? '';
  }

  async start(listen = '127.0.0.1:0'): Promise<this> {
    this.server = await serve({ listen: [listen], services: this.services(), headers: { [nodeNameHeader]: this.name } });
    return this;
  }

  async stop(): Promise<void> {
    await this.server?.close();
  }

  send(...flows: GetFlowsResponse[]): void {
    for (const out of this.followers.keys()) for (const one of flows) out.write(frameOf(GetFlowsResponseCodec.encode(one)));
  }

  watermark(ms: number): void {
    for (const [out, request] of this.followers) if (wantsWatermarks(request)) out.write(frameOf(watermarkMessage(at(ms))));
  }

  get followerCount(): number {
    return this.followers.size;
  }

  private services(): Binding[] {
    const bindings = [
      frameStream(ObserverService.GetFlows, async (request, out, signal, info) => {
        this.requests.push(request);
        this.metadata.push({ ...info.metadata });
        if (request.whitelist?.[0]?.source_pod?.[0] === 'bad') throw new Error('invalid filter');
        for (const one of this.history) out.write(frameOf(GetFlowsResponseCodec.encode(one)));
        if (!request.follow) return;
        this.followers.set(out, request);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        this.followers.delete(out);
      }),
      unary(ObserverService.ServerStatus, () => ({ num_flows: 10n, max_flows: 4095n, seen_flows: 100n, uptime_ns: BigInt(this.name.length), flows_rate: 1.5, version: 'cilium v1.19.4' })),
      unary(ObserverService.GetNamespaces, () => ({ namespaces: [{ namespace: 'shop' }, { namespace: this.name }] })),
    ];
    const { telemetry } = this;
    if (telemetry === undefined) return bindings;
    return [...bindings, serverStream(TelemetryService.Watch, async (_request, out, signal) => {
      for await (const report of telemetry) {
        if (signal.aborted) return;
        out.write(report);
      }
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    })];
  }
}

/** Waits until something is true; the test's own time limit ends a wait in vain. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}
