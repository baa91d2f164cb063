import type { IpPrefix } from '../../src/flow/ip-prefix.ts';
import { parseLabel } from '../../src/flow/label-selector.ts';
import { formatIp, type IpBytes, parseIp } from '../../src/lib/ip-bytes.ts';
import { endpointChunk } from '../../src/wire/flow-template.ts';
import type { Endpoint } from '../../src/wire/gen/flow.ts';
import type { PolicyEnd } from '../policy/end.ts';

/** One endpoint as it was at one time. Never changed. */
export interface EndpointVersion {
  ref: number;
  labels: number;
  endpoint: Endpoint;
  /** The endpoint as a field of a Flow; encoded once, when the first flow names it. */
  readonly chunk: Uint8Array;
  ips: readonly string[];
  nodeName: string;
  /** Of one that stands for a whole network. */
  readonly network: IpPrefix | undefined;
  /** As policies see it. */
  readonly end: PolicyEnd;
}

/** Somebody in the catalog, or a network that policies name, before it has a version. */
export interface Candidate {
  owner: string;
  endpoint: Endpoint;
  ips: readonly string[];
  nodeName: string;
  /** `namespace/name` of services it stands behind, sorted. */
  services?: readonly string[];
  namedPorts?: readonly (readonly [name: string, port: number])[];
  /** A network, and an address of it that is in no narrower one; without such it is never met. */
  network?: { prefix: IpPrefix; own: IpBytes | undefined };
  /** Of named addresses: one as rules about networks see them all. */
  like?: IpBytes;
}

/** What policies tell apart though labels do not, as a key. */
export function traitOf({ services = [], namedPorts = [], network, like }: Candidate): string {
  const own = network?.own ?? like;
  if (services.length === 0 && namedPorts.length === 0 && own === undefined) return '';
  return JSON.stringify([services, namedPorts, own === undefined ? '' : formatIp(own.bytes, own.family)]);
}

/** Makes a version. Encoding waits for the first flow: a catalog of ten thousand pods held the agent up for 0.6 s at each reload. */
export function makeVersion(ref: number, labels: number, candidate: Omit<Candidate, 'owner'>): EndpointVersion {
  return new Version(ref, labels, candidate);
}

class Version implements EndpointVersion {
  readonly endpoint: Endpoint;
  readonly ips: readonly string[];
  readonly nodeName: string;
  readonly network: IpPrefix | undefined;
  private encoded: Uint8Array | undefined;
  private seen: PolicyEnd | undefined;

  constructor(readonly ref: number, readonly labels: number, private readonly candidate: Omit<Candidate, 'owner'>) {
    this.endpoint = candidate.endpoint;
    this.ips = candidate.ips;
    this.nodeName = candidate.nodeName;
    this.network = candidate.network?.prefix;
  }

  get chunk(): Uint8Array {
    return this.encoded ??= endpointChunk(this.endpoint);
  }

  get end(): PolicyEnd {
    return this.seen ??= endOf(this.candidate);
  }
}

function endOf({ endpoint, ips, services = [], namedPorts, network, like }: Omit<Candidate, 'owner'>): PolicyEnd {
  return {
    labels: (endpoint.labels ?? []).map(parseLabel),
    ip: network === undefined ? (like ?? parseIp(ips[0] ?? '')) : network.own,
    names: [],
    services: services.map((text) => ({ namespace: text.slice(0, text.indexOf('/')), name: text.slice(text.indexOf('/') + 1) })),
    ports: namedPorts === undefined ? undefined : new Map(namedPorts),
  };
}
