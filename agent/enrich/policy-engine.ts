import type { Refusal } from '../../src/wire/gen/hubtop.ts';
import { formatIp } from '../../src/lib/ip-bytes.ts';
import { readDnsAnswer } from '../decode/dns-answer.ts';
import type { CatalogSnapshot } from '../decode/facts.ts';
import type { AddressRow, DnsMessage, KeptName, PolicyMode, PolicyRow, PolicyTables } from '../decode/kernel.ts';
import { Direction } from '../decode/event.ts';
import { type Attempt, judge } from '../policy/evaluate.ts';
import { type Compiled, MAX_POLICY_ENTRIES, PolicyCompiler, type PolicyEntry } from '../policy/compile.ts';
import { type Decision, Decisions } from '../policy/decisions.ts';
import { MAX_NETWORKS, namedNetworks } from '../policy/networks.ts';
import { type PolicyChange, PolicyBook } from '../policy/policy-book.ts';
import { MAX_NAMES, NameBook } from '../policy/name-book.ts';
import { NameClasses } from '../policy/name-classes.ts';
import { namedNames, namedNodeLabels, namedServices } from '../policy/named.ts';
import { parserNumber } from '../policy/parser.ts';
import type { Policy } from '../policy/policy.ts';
import { refusalOf } from './decision-words.ts';
import type { DroppedPacket, JudgeDrop } from './judge-drop.ts';
import type { EndpointVersion } from './endpoint-version.ts';
import type { EndpointVersions, PolicyNeeds, TableFill, VersionUpdate } from './endpoint-versions.ts';

/** HT_POLICY_* of bpf/event.h. */
const flag = { deny: 1, default: 2, unknown: 4 } as const;
/** Revisions whose beginning is remembered. */
const MAX_REVISIONS = 4_096;

/** Answers of resolvers that may wait to be read: what ht_dns has room for. */
const RING_ANSWERS = 207;

/** Foreign drops whose judgement is kept. */
const MAX_JUDGED = 4_096;

/** What an update of the catalog means for policies. */
export interface PolicyUpdate extends VersionUpdate {
  tables: PolicyTables;
  policyChanges: PolicyChange[];
  /** One line each: what is not in force though the objects ask for it. */
  warnings: string[];
}

/** Policies of a node: which are in force, what they come to for its endpoints, and what each decision was. One an agent. */
export class PolicyEngine {
  readonly book = new PolicyBook();
  private readonly names = new NameBook();
  private classes = new NameClasses([], []);
  private unreadableCount = 0;
  private readonly decisions = new Decisions();
  /** Of foreign drops, until policies or endpoints change. */
  private readonly judged = new Map<string, Refusal | undefined>();
  /** What endpoints were given last. */
  private inForce: ReadonlyMap<number, readonly PolicyRow[]> = new Map();
  private readonly revisions: { fromNs: bigint; revision: number }[] = [];

  constructor(private readonly versions: EndpointVersions, readonly mode: PolicyMode) {}

  /** Takes a new state of the catalog. */
  take(snapshot: CatalogSnapshot, nowNs: bigint): PolicyUpdate {
    const policyChanges = this.book.take(snapshot.policies);
    this.judged.clear();
    if (policyChanges.length > 0) this.revisions.push({ fromNs: nowNs, revision: this.book.revision });
    if (this.revisions.length > MAX_REVISIONS) this.revisions.shift();
    const { policies } = this.book;
    const networks = namedNetworks(policies);
    const warnings = networks.length > MAX_NETWORKS ? [`policies name ${networks.length} networks, and ${MAX_NETWORKS} are told apart: connections to the others are judged as to the world`] : [];
    const selectors = namedNames(policies);
    // the classes of before know the networks of addresses: they stay while nothing else is asked
    if (policyChanges.length > 0) this.classes = new NameClasses(selectors, networks.slice(0, MAX_NETWORKS), this.classes.missedCount);
    this.forgetNames(nowNs);
    const needs: PolicyNeeds = { networks: networks.slice(0, MAX_NETWORKS), services: namedServices(policies), nodeLabels: namedNodeLabels(policies), names: this.classes.all(this.names), hasPolicies: this.mode !== 'observe' && policies.length > 0 };
    const update = this.versions.apply(snapshot, nowNs, needs.hasPolicies ? needs : undefined);
    const { endpoints, warnings: tooMany } = needs.hasPolicies ? this.compile(policies) : { endpoints: new Map<number, readonly PolicyRow[]>(), warnings: [] };
    return { ...update, policyChanges, warnings: [...warnings, ...tooMany], tables: { mode: needs.hasPolicies ? this.mode : 'observe', endpoints, networks: update.networks, watchesNames: needs.hasPolicies && selectors.length > 0 } };
  }

  /**
   * Takes what a resolver answered a pod. Rows are for the datapath at once; incomplete means that rules have to be compiled
   * for an address, by the next take().
   */
  learn({ bytes, isCut }: DnsMessage, nowNs: bigint): { upserts: AddressRow[]; isIncomplete: boolean; fresh: KeptName[] } {
    const learned = { upserts: [] as AddressRow[], isIncomplete: false, fresh: [] as KeptName[] };
    const answer = isCut ? undefined : readDnsAnswer(bytes);
    if (answer === undefined) this.unreadableCount++;
    if (answer === undefined || !this.classes.isWanted(answer.name)) return learned;
    const addresses = answer.addresses.map(({ bytes: ip, ttlSeconds }) => ({ ip: formatIp(ip, ip.length === 4 ? 4 : 6), ttlSeconds })).filter(({ ip }) => this.versions.mayBeNamed(ip));
    for (const ip of this.names.learn(answer.name, addresses, secondsOf(nowNs))) {
      learned.fresh.push({ name: answer.name, ip, untilS: this.names.untilS(answer.name, ip) });
      const one = this.classes.of(ip, this.names.namesOf(ip));
      if (one === undefined) continue;
      const row = this.versions.addNamed(one, ip);
      if (row === undefined) learned.isIncomplete = true;
      else learned.upserts.push(row);
    }
    return learned;
  }

  /** Names that are known, as an agent may leave them to the next. */
  knownNames(): Iterable<KeptName> {
    return this.names.entries();
  }

  /** Knows again what the agent before did; before the first take(), which forgets what nobody asks for. */
  recallNames(rows: readonly KeptName[]): void {
    for (const row of rows) this.names.restore(row);
  }

  /** Forgets names that are over; says whether a take() has to follow. */
  forgetNames(nowNs: bigint): boolean {
    return this.names.forget(secondsOf(nowNs), (name) => this.classes.isWanted(name));
  }

  /** Tables of names. Answers that found no room in their ring, and those that nobody can read, name nobody: they count as missed. */
  tables(lostAnswers: number): TableFill[] {
    return [
      { name: 'names of peers', entries: this.names.size, maxEntries: MAX_NAMES, missed: this.names.missedCount + this.classes.missedCount },
      { name: 'DNS answers', entries: 0, maxEntries: RING_ANSWERS, missed: this.unreadableCount + lostAnswers },
    ];
  }

  /** What a number in a record means. */
  decision(number: number): Decision | undefined {
    return number === 0 ? undefined : this.decisions.get(number);
  }

  /** Count of policy changes by then; a decision names its policies with it. */
  revisionAt(timeNs: bigint): number {
    for (let i = this.revisions.length - 1; i >= 0; i--) {
      const found = this.revisions[i];
      if (found !== undefined && found.fromNs <= timeNs) return found.revision;
    }
    return 0;
  }

  /** What policies say of a packet that another program dropped; undefined where they would have let it pass, or cannot tell. */
  readonly judgeDrop: JudgeDrop = ({ sourceLabels, destinationLabels, protocol, port }) => {
    const key = `${sourceLabels} ${destinationLabels} ${protocol} ${port}`;
    if (this.judged.has(key)) return this.judged.get(key);
    if (this.judged.size >= MAX_JUDGED) this.judged.clear();
    const refusal = this.judgeAnew({ sourceLabels, destinationLabels, protocol, port });
    this.judged.set(key, refusal);
    return refusal;
  };

  private judgeAnew({ sourceLabels, destinationLabels, protocol, port }: DroppedPacket): Refusal | undefined {
    const attempt: Attempt = { source: this.versions.common(sourceLabels).end, destination: this.versions.common(destinationLabels).end, protocol, port };
    for (const direction of ['egress', 'ingress'] as const) {
      const judgement = judge(this.book.policies, attempt, direction);
      if (judgement.verdict !== 'denied') continue;
      const isDefault = judgement.form === 'default deny';
      return refusalOf({ number: 0, kind: isDefault ? 'default-deny' : 'deny', direction, by: judgement.by, selecting: isDefault ? judgement.selecting : [] }, attempt, this.book.revision);
    }
    return undefined;
  }

  private compile(policies: readonly Policy[]): { endpoints: Map<number, readonly PolicyRow[]>; warnings: string[] } {
    const compiler = new PolicyCompiler(policies, this.versions.policyClasses());
    const endpoints = new Map<number, readonly PolicyRow[]>();
    const warnings: string[] = [];
    const rowsOf = new Map<Compiled, readonly PolicyRow[]>();
    const used = new Set<number>();
    for (const { labels, end } of distinct(this.versions.localVersions())) {
      const compiled = compiler.compile(end);
      if (compiled === undefined) continue;
      const before = this.inForce.get(labels);
      if (compiled.kind === 'too-many') warnings.push(`policies of ${subjectName(this.versions, labels)}: ${compiled.count} entries where a policy map holds ${MAX_POLICY_ENTRIES}; ${before === undefined ? 'they are not in force for it' : 'what was in force for it stays'}`);
      const rows = compiled.kind === 'too-many' ? before : (rowsOf.get(compiled) ?? compiled.entries.map((entry) => this.rowOf(entry)));
      if (rows === undefined) continue;
      if (!rowsOf.has(compiled) || rows === before) for (const { policy } of rows) used.add(policy);
      if (compiled.kind === 'entries') rowsOf.set(compiled, rows);
      endpoints.set(labels, rows);
    }
    this.decisions.keep(used);
    this.inForce = endpoints;
    return { endpoints, warnings };
  }

  private rowOf({ peer, direction, bits, protocol, port, outcome }: PolicyEntry): PolicyRow {
    const { kind } = outcome;
    const flags = kind === 'deny' ? flag.deny : kind === 'default-deny' ? flag.deny | flag.default : kind === 'unknown' ? flag.unknown : 0;
    return { peer, direction: direction === 'ingress' ? Direction.ingress : Direction.egress, bits, protocol, port, policy: this.decisions.numberOf(outcome), flags, parser: kind === 'allow' ? parserNumber(outcome.parser) : 0 };
  }
}

/** Whose policies a line is about. */
export function subjectName(versions: EndpointVersions, labels: number): string {
  const { namespace = '', workloads = [], labels: texts = [] } = versions.labelSet(labels).endpoint;
  return `${namespace}/${workloads[0]?.name ?? texts.join(',')}`;
}

function distinct(versions: readonly EndpointVersion[]): EndpointVersion[] {
  return [...new Map(versions.map((version) => [version.labels, version])).values()];
}

function secondsOf(timeNs: bigint): number {
  return Number(timeNs / 1_000_000_000n);
}
