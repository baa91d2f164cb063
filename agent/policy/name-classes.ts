import { isInsidePrefix, type IpPrefix } from '../../src/flow/ip-prefix.ts';
import { type IpBytes, parseIp } from '../../src/lib/ip-bytes.ts';
import type { NameBook } from './name-book.ts';
import { matchesName } from './name-match.ts';
import { inOrder, ownAddress, prefixText } from './networks.ts';
import type { Peer } from './policy.ts';

/** Classes of named addresses; addresses of a further one are left to their network, and counted. */
export const MAX_NAME_CLASSES = 1_024;
/** Addresses whose network is remembered, and names whose rules are. */
const MAX_KNOWN = 65_536;

/** A rule's name or pattern of names. */
export type NameSelector = Extract<Peer, { type: 'fqdn' }>;

/** Addresses outside of the cluster that rules cannot tell apart: named by the same rules, in the same network of those that policies name. */
export interface NameClass {
  key: string;
  /** Of its identity, sorted. */
  labels: readonly string[];
  /** An address as rules about networks see it; undefined where there are none. */
  like: IpBytes | undefined;
}

/** Tells named addresses apart, as far as rules do. */
export class NameClasses {
  private readonly networks: readonly IpPrefix[];
  private readonly order: ReturnType<typeof inOrder>;
  private readonly textsOfName = new Map<string, readonly string[]>();
  private readonly networkOf = new Map<string, IpPrefix | undefined>();
  private readonly known = new Map<string, NameClass>();

  /** `missedCount`: addresses that found no class, each time they were asked for. */
  constructor(private readonly selectors: readonly NameSelector[], networks: readonly IpPrefix[], public missedCount = 0) {
    this.networks = [...networks].sort((one, other) => other.bits - one.bits);
    this.order = inOrder(networks);
    for (const text of new Set(selectors.map((one) => one.text))) this.expect(text);
  }

  /** Whether rules name it. */
  isWanted(name: string): boolean {
    return this.namedBy(name).length > 0;
  }

  /** Where an address with these names belongs; undefined where no rule names it, or there is no room. */
  of(ip: string, names: readonly string[]): NameClass | undefined {
    const texts = this.textsOf(names);
    return texts.length === 0 ? undefined : this.classOf(texts, this.narrowest(ip));
  }

  /** All classes with their addresses, those that nobody is in yet too: so the first answer finds its class compiled. */
  all(book: NameBook): (NameClass & { ips: string[] })[] {
    const found = new Map([...this.known.values()].map((one) => [one.key, { ...one, ips: [] as string[] }]));
    for (const ip of book.ips()) {
      const one = this.of(ip, book.namesOf(ip));
      if (one === undefined) continue;
      const entry = found.get(one.key) ?? { ...one, ips: [] };
      entry.ips.push(ip);
      found.set(one.key, entry);
    }
    return [...found.values()];
  }

  // what a pattern names first is named by all patterns that are wider
  private expect(text: string): void {
    const texts = this.textsOf([text.toLowerCase().replace(/\.$/, '').replace(/\*+/g, 'x')]);
    const widest = this.networks.filter(({ bits }) => bits === 0);
    if (texts.length > 0) for (const network of widest.length === 0 ? [undefined] : widest) this.classOf(texts, network);
  }

  private textsOf(names: readonly string[]): string[] {
    return [...new Set(names.flatMap((name) => this.namedBy(name)))].sort();
  }

  private namedBy(name: string): readonly string[] {
    const known = this.textsOfName.get(name);
    if (known !== undefined) return known;
    const made = this.selectors.filter(({ text }) => matchesName(text, name)).map(({ text }) => text);
    if (this.textsOfName.size >= MAX_KNOWN) this.textsOfName.clear();
    this.textsOfName.set(name, made);
    return made;
  }

  private classOf(texts: readonly string[], network: IpPrefix | undefined): NameClass | undefined {
    const labels = [...(network === undefined ? [] : [`cidr:${prefixText(network)}`]), ...texts.map((text) => `fqdn:${text}`), 'reserved:world'].sort();
    const key = labels.join(' ');
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.known.size >= MAX_NAME_CLASSES) {
      this.missedCount++;
      return undefined;
    }
    const made: NameClass = { key, labels, like: network === undefined ? undefined : ownAddress(network, this.order) };
    this.known.set(key, made);
    return made;
  }

  private narrowest(ip: string): IpPrefix | undefined {
    if (this.networkOf.has(ip)) return this.networkOf.get(ip);
    const bytes = parseIp(ip);
    const network = bytes === undefined ? undefined : this.networks.find((one) => isInsidePrefix(bytes, one));
    if (this.networkOf.size >= MAX_KNOWN) this.networkOf.clear();
    this.networkOf.set(ip, network);
    return network;
  }
}
