import { hostname } from 'node:os';
import { HUBBLE_COMPAT_VERSION } from '../lib/version.ts';
import { frameStream, type Binding } from '../rpc/binding.ts';
import { healthService } from '../rpc/health.ts';
import { reflectionService } from '../rpc/reflection.ts';
import { serve } from '../rpc/serve.ts';
import type { ClientTls, ServerTls } from '../rpc/tls-files.ts';
import { OBSERVER_HEALTH_NAME, ObserverService, TelemetryService } from '../wire/services.ts';
import type { MergeCounts } from './merge/flow-merge.ts';
import { followPeerService } from './peer-discovery.ts';
import { PeerPool, parsePeer } from './peer-pool.ts';
import { relayFlows } from './relay-flows.ts';
import { statusService } from './relay-status.ts';
import { RelayTelemetry } from './telemetry-hub.ts';

/** What a relay joins, and where it serves. */
export interface RelayOptions {
  /** Agents (or relays): `address` or `name=address`. */
  peers?: readonly string[] | undefined;
  /** Address of a peer service that names the nodes, instead of or besides peers. */
  peerService?: string | undefined;
  /** Where to serve, as parseTarget reads it. */
  listen: readonly string[];
  /** Allows plaintext on addresses that other machines can reach. */
  insecure?: boolean | undefined;
  tls?: ServerTls | undefined;
  /** TLS towards nodes; on for all of them when given, else for those whose peer notice says so. */
  clientTls?: ClientTls | undefined;
  /** Name the relay gives itself in node_status messages; the host's by default. */
  name?: string | undefined;
  /** Lines for a log: peers that come and go, errors of ours. */
  onLog?: ((line: string) => void) | undefined;
}

/** A running relay. */
export interface Relay {
  addresses: string[];
  /** What the merges of all calls did so far. */
  counts: MergeCounts;
  close(): Promise<void>;
}

/** Starts a relay. It serves at once, and connects to its peers in the background for as long as it runs. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const log = options.onLog ?? (() => {});
  const stop = new AbortController();
  const relayName = options.name ?? hostname();
  const counts: MergeCounts = { frames: 0, late: 0, malformed: 0 };
  let isDiscovering = options.peerService === undefined;
  const parsed = (options.peers ?? []).map(parsePeer);
  const clientTls = options.clientTls === undefined ? undefined : { minVersion: 'TLSv1.3' as const, ...options.clientTls };
  const pool = new PeerPool(clientTls, { onReport: (peer, report) => telemetry.take(peer, report), onChange: () => {} });
  const telemetry = new RelayTelemetry(() => pool.all, () => ({ name: relayName, flows: counts.frames, late: counts.late, malformed: counts.malformed }));
  const services: Binding[] = [
    frameStream(ObserverService.GetFlows, (request, out, signal, info) => relayFlows({
      peers: () => pool.all,
      relayName,
      counts,
    }, request, out, signal, info)),
    frameStream(TelemetryService.Watch, (_request, out, signal) => telemetry.watch(out, signal)),
    ...statusService(() => pool.all),
    ...healthService(['', OBSERVER_HEALTH_NAME], () => isDiscovering && pool.all.some((peer) => peer.isAvailable)),
  ];
  const closeAll = (): void => {
    stop.abort();
    telemetry.close();
    pool.close();
  };
  try {
    const server = await serve({
      listen: options.listen,
      services: [...services, ...reflectionService(services)],
      headers: { 'hubble-relay-version': HUBBLE_COMPAT_VERSION },
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.insecure === undefined ? {} : { insecure: options.insecure }),
      onError: (error) => log(`relay: ${error.stack ?? error.message}`),
    });
    for (const peer of parsed) pool.upsert(peer);
    if (options.peerService !== undefined) {
      void followPeerService(options.peerService, pool, {
        tls: clientTls,
        signal: stop.signal,
        onState: (isUp, error) => {
          isDiscovering = isUp;
          log(isUp ? 'relay: peer service connected' : `relay: peer service lost: ${error?.message ?? 'the stream ended'}`);
        },
      });
    }
    return {
      addresses: server.addresses,
      counts,
      close: async () => {
        const closing = server.close();
        closeAll();
        await closing;
      },
    };
  } catch (error) {
    closeAll();
    throw error;
  }
}
