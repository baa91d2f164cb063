import { parseIp } from '../../src/lib/ip-bytes.ts';
import { isInsidePrefix, type IpPrefix, parsePrefix } from '../../src/flow/ip-prefix.ts';
import { type Mapping, mappingAt, mappingsAt, ShapeError, textAt, textsAt } from './object-reader.ts';
import type { Direction, Peer } from '../policy/policy.ts';
import { readSelector, selectorAt } from './read-selector.ts';
import { inNamespace, NAMESPACE_LABEL, NAMESPACE_LABELS, namesNamespaces, NODE_SOURCE, type Requirement } from '../policy/selector.ts';

/** What Cilium calls entities; `cluster` and `all` are sums of others. */
const ENTITIES: readonly string[] = ['all', 'world', 'world-ipv4', 'world-ipv6', 'cluster', 'host', 'remote-node', 'kube-apiserver', 'ingress', 'health', 'init', 'unmanaged', 'none'];

/** Where a policy stands: the namespace that its selectors mean unless they say otherwise; empty = of the whole cluster. */
type Home = string;

/** The selector of an endpoint in a Cilium policy: without a word about namespaces it means its own. */
export function homeSelector(selector: readonly Requirement[], home: Home): Requirement[] {
  if (namesNamespaces(selector)) return [...selector];
  // a policy of the whole cluster means every endpoint that has a namespace, never the world
  return home === '' ? [...selector, { source: 'k8s', key: NAMESPACE_LABEL, operator: 'Exists', values: [] }] : [...selector, inNamespace(home)];
}

/** Peers of a rule of a Cilium policy; undefined where it names none: whoever. */
export function readCiliumPeers(rule: Mapping, direction: Direction, where: { path: string; home: Home }): Peer[] | undefined {
  const { path, home } = where;
  const at = direction === 'ingress' ? 'from' : 'to';
  const has = (key: string): boolean => rule[key] !== undefined && rule[key] !== null;
  const names = [`${at}Endpoints`, `${at}Entities`, `${at}CIDR`, `${at}CIDRSet`, `${at}Nodes`, ...(direction === 'egress' ? ['toFQDNs', 'toServices'] : [])];
  if (!names.some(has)) return undefined;
  const each = (key: string, read: (entry: Mapping, at: string) => Peer): Peer[] => mappingsAt(rule, key).map((entry, i) => read(entry, `${path}.${key}[${i}]`));
  return [
    ...each(`${at}Endpoints`, (entry, where_) => ({ type: 'endpoints', selector: homeSelector(readSelector(entry, where_), home) })),
    ...textsAt(rule, `${at}Entities`).map((name, i): Peer => {
      if (!ENTITIES.includes(name)) throw new ShapeError(`${path}.${at}Entities[${i}] "${name.slice(0, 40)}" is no entity: there is ${ENTITIES.join(', ')}`);
      return { type: 'entity', name };
    }),
    ...textsAt(rule, `${at}CIDR`).map((text, i): Peer => cidrPeer(text, [], `${path}.${at}CIDR[${i}]`)),
    ...each(`${at}CIDRSet`, (entry, where_) => {
      if (entry['cidr'] === undefined) throw new ShapeError(`${where_} has no cidr: groups of CIDRs are not read`);
      return cidrPeer(textAt(entry, 'cidr'), textsAt(entry, 'except'), where_);
    }),
    ...each(`${at}Nodes`, (entry, where_) => ({ type: 'nodes', selector: readSelector(entry, where_).map((requirement) => ({ ...requirement, source: requirement.source || NODE_SOURCE })) })),
    ...each('toFQDNs', (entry, where_) => fqdnPeer(entry, where_)),
    ...each('toServices', (entry, where_) => {
      const service = mappingAt(entry, 'k8sService');
      const name = textAt(service, 'serviceName');
      if (name === '') throw new ShapeError(`${where_}.k8sService.serviceName is missing: selectors of services are not read`);
      return { type: 'service', namespace: textAt(service, 'namespace') || home, name };
    }),
  ];
}

/** Peers of a rule of a NetworkPolicy; undefined where it names none: whoever. */
export function readPlainPeers(rule: Mapping, direction: Direction, where: { path: string; home: Home }): Peer[] | undefined {
  const key = direction === 'ingress' ? 'from' : 'to';
  const peers = mappingsAt(rule, key);
  if (peers.length === 0) return undefined;
  return peers.map((peer, i): Peer => {
    const at = `${where.path}.${key}[${i}]`;
    const block = peer['ipBlock'];
    const pods = selectorAt(peer, 'podSelector', at);
    const namespaces = selectorAt(peer, 'namespaceSelector', at, NAMESPACE_LABELS);
    if (block !== undefined && block !== null) {
      if (pods !== undefined || namespaces !== undefined) throw new ShapeError(`${at} has an ipBlock and a selector: it may have one of the two`);
      const ip = mappingAt(peer, 'ipBlock');
      return cidrPeer(textAt(ip, 'cidr'), textsAt(ip, 'except'), `${at}.ipBlock`);
    }
    if (pods === undefined && namespaces === undefined) throw new ShapeError(`${at} names nobody: expected podSelector, namespaceSelector or ipBlock`);
    const selector = (pods ?? []).map((requirement): Requirement => ({ ...requirement, source: 'k8s' }));
    if (namespaces === undefined) return { type: 'endpoints', selector: [...selector, inNamespace(where.home)] };
    const ofNamespaces = namespaces.map((requirement) => namespaceRequirement(requirement));
    return { type: 'endpoints', selector: [...selector, ...ofNamespaces, { source: 'k8s', key: NAMESPACE_LABEL, operator: 'Exists', values: [] }] };
  });
}

// every namespace has its name as a label, whether or not its other labels are known
function namespaceRequirement(requirement: Requirement): Requirement {
  const isName = requirement.key === `${NAMESPACE_LABELS}kubernetes.io/metadata.name`;
  return { ...requirement, source: 'k8s', ...(isName ? { key: NAMESPACE_LABEL } : {}) };
}

function cidrPeer(text: string, except: readonly string[], path: string): Peer {
  const prefix = prefixOf(text, path);
  return { type: 'cidr', text, prefix, except: except.map((one, i) => exceptOf(one, prefix, `${path}.except[${i}]`)) };
}

// as Kubernetes has it: what is not inside takes nothing away, so it is a mistake
function exceptOf(text: string, from: IpPrefix, path: string): IpPrefix {
  const prefix = prefixOf(text, path);
  if (prefix.bits < from.bits || !isInsidePrefix(prefix, from)) throw new ShapeError(`${path} "${text}" is not inside of its network`);
  return prefix;
}

function prefixOf(text: string, path: string): IpPrefix {
  const single = parseIp(text);
  const prefix = single === undefined ? parsePrefix(text) : { ...single, bits: single.family === 4 ? 32 : 128 };
  if (prefix === undefined) throw new ShapeError(`${path} "${text.slice(0, 60)}" is no network: expected 10.0.0.0/8 or fd00::/64`);
  return prefix;
}

const NAME = /^[-a-z0-9_.]{1,255}$/i;
const PATTERN = /^[-a-z0-9_.*]{1,255}$/i;

function fqdnPeer(entry: Mapping, path: string): Peer {
  const [name, pattern] = [textAt(entry, 'matchName'), textAt(entry, 'matchPattern')];
  if ((name === '') === (pattern === '')) throw new ShapeError(`${path} needs one of matchName and matchPattern`);
  if (name !== '' && !NAME.test(name)) throw new ShapeError(`${path}.matchName "${name.slice(0, 60)}" is no DNS name`);
  if (pattern !== '' && !PATTERN.test(pattern)) throw new ShapeError(`${path}.matchPattern "${pattern.slice(0, 60)}" may have letters, digits, - _ . and *`);
  return { type: 'fqdn', text: name || pattern };
}
