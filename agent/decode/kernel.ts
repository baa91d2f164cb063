import type { IpPrefix } from '../../src/flow/ip-prefix.ts';

/**
 * What an agent needs of a kernel: the real one (agent/kernel) and the
 * simulated one (agent/sim) give the same shapes, so that nothing behind them
 * can tell which it is.
 */

/** Where a ring lives. Plain data, so that it can be sent to the drain worker. */
export type RingSource =
  | { kind: 'mmap'; lane: number; mapFd: number; sizeBytes: number }
  | { kind: 'shared'; lane: number; positions: SharedArrayBuffer; data: SharedArrayBuffer; sizeBytes: number };

/** A ring as the reader sees it: data is mapped twice in a row, so that no record is ever split. */
export interface RingMemory {
  lane: number;
  sizeBytes: number;
  /** [0] is the consumer's position, written by us; bytes since the ring was made. */
  consumer: BigUint64Array;
  /** [0] is the producer's position, written by the kernel. */
  producer: BigUint64Array;
  /** 2 x sizeBytes. */
  data: Uint8Array;
}

/** One row of ht_addresses: who owns an address, as the datapath shall see it. */
export interface AddressRow {
  /** Textual IPv4 or IPv6. */
  ip: string;
  /** Endpoint version, see EndpointVersions. */
  ref: number;
  labels: number;
  isLocal: boolean;
  /** A service's: who answers is decided behind the datapath, which judges no connection to it. */
  isVirtual?: true;
  /** Of a virtual one: the label set of all that stand behind it; absent where it is not one, or nobody asks. */
  behind?: number;
}

/** One row of ht_networks: what holds for the addresses in it that have no row of their own. */
export interface NetworkRow {
  prefix: IpPrefix;
  ref: number;
  labels: number;
  /** Pods have addresses there: one without a row is a pod nobody told us of yet. */
  isUnknown: boolean;
}

/** What the datapath does with what policies say: nothing, tell, or tell and drop. */
export type PolicyMode = 'observe' | 'audit' | 'enforce';

/** One entry of an endpoint's policy map, as struct ht_policy_key and struct ht_policy have it. */
export interface PolicyRow {
  /** Label set, or ANY_PEER of agent/policy/compile.ts. */
  peer: number;
  /** 1 ingress, 2 egress. */
  direction: number;
  /** Of protocol and port that count: 0, 8, 9 to 24. */
  bits: number;
  protocol: number;
  /** Of ICMP the type in its high byte. */
  port: number;
  /** Number of the decision, 0 none. */
  policy: number;
  flags: number;
  /** What requests are parsed as, a number of agent/policy/parser.ts. */
  parser: number;
}

/** Everything the datapath knows of policies. */
export interface PolicyTables {
  mode: PolicyMode;
  /** Rows by the label set of the endpoint they are about; a set without any is not selected by a policy. */
  endpoints: ReadonlyMap<number, readonly PolicyRow[]>;
  networks: readonly NetworkRow[];
  /** Rules name peers: what resolvers answer is wanted, see Kernel.onDnsMessage. */
  watchesNames?: boolean;
}

/** An endpoint whose map could not be made: what was in force for it before stays, and the reason says whether anything was. */
export interface PolicyRefusal {
  labels: number;
  reason: string;
}

/** What a resolver answered a pod; `isCut` where it was longer than is copied. */
export interface DnsMessage {
  labels: number;
  bytes: Uint8Array;
  isCut: boolean;
}

/** That a resolver gave this address for a name, and until when it is good, in seconds of the wall clock. */
export interface KeptName {
  name: string;
  ip: string;
  untilS: number;
}

/** Names that outlive the agent, where what it enforces does. */
export interface NameStore {
  /** What the agent before knew. */
  all(): KeptName[];
  add(rows: readonly KeptName[]): void;
  /** These, and no others. */
  set(rows: Iterable<KeptName>): void;
}

/** Where calls to a service may be sent. */
export interface BackendRow {
  ip: string;
  port: number;
}

/** One virtual address and port of a service, as the datapath shall know it. */
export interface ServiceRow {
  /** The agent's number, see ServiceNumbers. */
  service: number;
  ip: string;
  port: number;
  /** IP protocol number. */
  protocol: number;
  /** Of both families; those of the address's own count. */
  backends: readonly BackendRow[];
}

/** Cumulative since the kernel part started; from ht_counters, summed over CPUs. */
export interface EventCounts {
  lane: number;
  /** 'trace' | 'drop' | 'policy-verdict' | 'kernel-drop' | 'trace-sock' */
  kind: string;
  happened: number;
  submitted: number;
  folded: number;
  lost: number;
  suppressed: number;
  /** Of the suppressed: not by noise rules, but because their pair and reason had too many events that second. */
  limited?: number;
}

/** One row of ht_pairs, summed over CPUs, cumulative. */
export interface PairRow {
  clientLabels: number;
  serverLabels: number;
  port: number;
  protocol: number;
  /** 1 ingress, 2 egress. */
  direction: number;
  isReply: boolean;
  /** Hubble's Verdict number. */
  verdict: number;
  family: 4 | 6;
  skbs: number;
  segments: number;
  bytes: number;
  connections: number;
  resets: number;
  reported: number;
  /** Number of the decision that allowed the newest connection; 0 none. */
  allowedBy?: number;
  /** The row left the kernel's table for being idle: these are its last figures, its key may begin again at zero. */
  isRetired?: true;
}

/** Whether a pair's packets passed: what was dropped is in the ledger of events, not in that of volume. */
export function hasPassed({ verdict }: Pick<PairRow, 'verdict'>): boolean {
  return verdict !== DROPPED;
}

/** Hubble's Verdict number. */
const DROPPED = 2;

/** One row of ht_drop_pairs, summed over CPUs, cumulative. */
export interface DropRow {
  sourceLabels: number;
  destinationLabels: number;
  /** Kernel's number; subsystem in the high 16 bits. */
  reason: number;
  port: number;
  protocol: number;
  family: 4 | 6;
  skbs: number;
  bytes: number;
  /** Of these, events that found no room in their ring. */
  folded?: number;
  foldedBytes?: number;
  /** As in PairRow. */
  isRetired?: true;
}

/** Whose stack or device something was seen at, of which pair: of ht_tcp_pairs and ht_resets. */
interface TcpEnds {
  clientLabels: number;
  serverLabels: number;
  port: number;
  family: 4 | 6;
  /** 2 egress: at the client, 1 ingress: at the server. */
  direction: number;
  /** As in PairRow. */
  isRetired?: true;
}

/** How many buckets handshake times are counted in: bucket i is from 2^(16+i) ns to twice that, the first from 0, the last without end. */
export const HANDSHAKE_BUCKETS = 16;

/** One row of ht_tcp_pairs, cumulative. */
export interface TcpRow extends TcpEnds {
  retransmits: number;
  handshakes: number;
  handshakeNs: number;
  handshakeMaxNs: number;
  handshakeBuckets: number[];
  /** Connections that began with ACK and without SYN: soon after we came, later, and of the later ones those that only a RST answered. */
  noSynAttach: number;
  noSyn: number;
  noSynReset: number;
}

/** One row of ht_resets, cumulative. */
export interface ResetRow extends TcpEnds {
  /** Name of the running kernel's sk_rst_reason. */
  reason: string;
  count: number;
}

/** One row of ht_policy_drops: what policies dropped, summed over CPUs, cumulative. */
export interface PolicyDropRow {
  sourceLabels: number;
  destinationLabels: number;
  /** Number of the decision. */
  policy: number;
  /** Cilium's number. */
  reason: number;
  port: number;
  protocol: number;
  family: 4 | 6;
  skbs: number;
  bytes: number;
  /** As in PairRow. */
  isRetired?: true;
}

export interface MapRow {
  id: number;
  name: string;
  /** Kernel's name, such as lru_hash. */
  type: string;
  maxEntries: number;
  /** Absent where nobody can count (arrays, or more than can be walked over). */
  entries?: number;
  /** Of entries that were walked over: how long ago. */
  ageNs?: number;
  isOwn: boolean;
}

export interface KernelConntrackRow {
  namespace: string;
  entries: number;
  maxEntries: number;
  insertFailed: number;
  drop: number;
  earlyDrop: number;
}

/** All counters at one moment. Every figure is cumulative unless it says otherwise. */
export interface KernelSample {
  events: EventCounts[];
  pairs: PairRow[];
  drops: DropRow[];
  /** Absent where drops of the datapath are counted by their records. */
  policyDrops?: PolicyDropRow[];
  /** Absent where the kernel part does not watch TCP. */
  tcp?: TcpRow[];
  resets?: ResetRow[];
  /** What found no room in the tables of those two. */
  tcpFailed?: number;
  /** Answers of resolvers that found no room in their ring, or did not come from there: names that policies do not know. */
  dnsLost?: number;
  /** Sums of the pairs that left before this sample, of what passed. */
  retiredPairs?: { skbs: number; bytes: number };
  maps: MapRow[];
  kernelConntrack: KernelConntrackRow[];
  /** Conntrack of ours. live and the unreported volumes are momentary. */
  conntrack: {
    live: number;
    maxEntries: number;
    inserted: number;
    deleted: number;
    failed: number;
    midStream: number;
    liveSkbs: number;
    liveBytes: number;
  };
  /** Sock events that tell of a translation; of the others nothing was translated. Absent where nobody is at sockets. */
  socketsTranslated?: number;
  /** Calls of sockets to services that have no backend. */
  socketsRefused?: number;
  /** Connections that no policy was asked about since an end of them is not known, and those that enforcing would have dropped. */
  policyUnknown?: number;
  /** Packets that policies dropped, and those of them that found no room in a table of pairs or of drops. */
  policyDenied?: number;
  policyUnlisted?: number;
  policyAudited?: number;
  notIp: number;
  malformed: number;
  /** Packets, and their bytes, that found no room in the pair table; their connections report them all the same. */
  pairFailed: number;
  pairFailedBytes: number;
  /** Packets the programs ran on and the nanoseconds they took; 0 without BPF statistics. */
  programRuns: number;
  programNs: number;
}

/** A device a program hangs on. */
export interface AttachedDevice {
  ifindex: number;
  name: string;
}

export interface Kernel {
  rings: RingSource[];
  /** Names of kernel drop reasons, index is the number without subsystem. */
  dropReasonName(reason: number): { name: string; subsystem: string };
  /**
   * Makes the datapath's address table equal to what was given so far: adds or changes, then removes.
   * The first call begins the watching: nobody is called "world" only because his name came later.
   */
  setAddresses(upserts: AddressRow[], removals: string[]): void;
  /** Makes the datapath's services equal to these. Only programs at sockets look at them. */
  setServices(rows: readonly ServiceRow[]): void;
  /** Makes the datapath's policies equal to these, each endpoint's in one step. They are looked up again from the next setAddresses() on. */
  setPolicies(tables: PolicyTables): PolicyRefusal[];
  attachedDevices(): AttachedDevice[];
  sample(): KernelSample;
  /** Reports what idle or expired connections have not reported yet; with `all`, every one (shutdown, tests). */
  sweep(options: { all: boolean }): void;
  /** Events that found no room in a ring, folded into records that stand for many (agent/decode/fold.ts); each is given once. */
  takeFolds?(): Promise<Uint8Array[]>;
  /** Adds or changes addresses for connections that begin now; what is open is judged by them from the next setAddresses() on. */
  addAddresses?(upserts: readonly AddressRow[]): void;
  /** Where policies stay in force without the agent. */
  names?: NameStore;
  /** Where answers of resolvers go, while policies want them; the bytes are good until it returns. */
  onDnsMessage?(listener: (message: DnsMessage) => void): void;
  /** Open connections are reported no more often than this, whatever the interval asked for; 0 = as asked. */
  setPressedInterval?(seconds: number): void;
  /** CLOCK_BOOTTIME minus nothing: nanoseconds on the clock that stamps events. */
  nowNs(): bigint;
  /** Names one run of the sequence numbers: this boot and this load of the programs. With them it makes a flow's uuid. */
  bootId: string;
  close(): void;
}
