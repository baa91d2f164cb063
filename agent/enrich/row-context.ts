import { parseIp } from '../../src/lib/ip-bytes.ts';
import type { CatalogSnapshot } from '../decode/facts.ts';
import type { JudgeDrop } from './judge-drop.ts';
import type { EndpointVersions } from './endpoint-versions.ts';
import type { PolicyEngine } from './policy-engine.ts';

/** A service as a flow names it. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** What a row's numbers mean on this node. One object an agent, filled as facts come in. */
export interface RowContext {
  readonly nodeName: string;
  /** `key=value`, sorted. */
  readonly nodeLabels: readonly string[];
  readonly versions: EndpointVersions;
  /** Hubble's version that we announce as the emitter's. */
  readonly emitterVersion: string;
  /** First six bytes of every uuid: hash of node and boot. */
  readonly uuidPrefix: Uint8Array;
  /** Name of a device, empty when it is gone. */
  deviceName(ifindex: number): string;
  dropReasonName(reason: number): { name: string; subsystem: string };
  /** The service behind a virtual address and port. */
  service(ip: string, port: number): ServiceName | undefined;
  /** The service that the datapath has this number for, see ServiceNumbers. */
  serviceOf(number: number): ServiceName | undefined;
  /** What policies decided, and the count of their changes by then (wall clock); absent without policies. */
  readonly policies?: Pick<PolicyEngine, 'decision' | 'revisionAt'>;
  /** False saves the lookups. */
  hasServices(): boolean;
  /** What policies say of a packet that another program dropped; absent where none are known. */
  readonly judgeDrop?: JudgeDrop;
}

/** Looks services up by virtual address and port. Built anew from each catalog. */
export class ServiceLookup {
  private readonly byAddress = new Map<string, ServiceName>();

  constructor(snapshot: CatalogSnapshot) {
    for (const { namespace, name, clusterIps, ports } of snapshot.services) {
      for (const ip of clusterIps) {
        if (parseIp(ip) === undefined) continue;
        for (const { port } of ports) this.byAddress.set(`${ip} ${port}`, { namespace, name });
      }
    }
  }

  get isEmpty(): boolean {
    return this.byAddress.size === 0;
  }

  get(ip: string, port: number): ServiceName | undefined {
    return this.byAddress.get(`${ip} ${port}`);
  }
}

/** Six bytes that tell apart nodes and boots (FNV-1a, two of them; nothing here must resist an attacker). */
export function makeUuidPrefix(nodeName: string, bootId: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${nodeName}\n${bootId}`);
  const prefix = new Uint8Array(8);
  const view = new DataView(prefix.buffer);
  view.setUint32(0, fnv1a(bytes, 0x811c9dc5));
  view.setUint32(4, fnv1a(bytes, 0x9747b28c));
  return prefix.subarray(0, 6);
}

function fnv1a(bytes: Uint8Array, basis: number): number {
  let hash = basis;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}
