import { isMapping, type Mapping, mappingAt, mappingsAt, ShapeError, textAt, textsAt } from './object-reader.ts';
import type { Direction, Policy, Rule } from '../policy/policy.ts';
import { homeSelector, readCiliumPeers, readPlainPeers } from './read-peers.ts';
import { readIcmps, readPort, readToPorts } from './read-ports.ts';
import { readSelector } from './read-selector.ts';
import { inNamespace, NAMESPACE_LABEL, type Requirement } from '../policy/selector.ts';

/** What one object turned out to be: policies, since a Cilium object may hold several. */
export type PolicyReading =
  | { result: 'read'; policies: Policy[] }
  | { result: 'other' }
  | { result: 'refused'; reason: string };

const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

/** Reads a policy from one plain object; never throws on whatever it is given. A reason begins with the field it is about. */
export function readPolicy(object: unknown): PolicyReading {
  if (!isMapping(object)) return { result: 'other' };
  const reader = READERS[typeof object['kind'] === 'string' ? object['kind'] : ''];
  if (reader === undefined) return { result: 'other' };
  try {
    return { result: 'read', policies: reader(object) };
  } catch (error) {
    return { result: 'refused', reason: error instanceof Error ? error.message : String(error) };
  }
}

const READERS: Readonly<Record<string, (object: Mapping) => Policy[]>> = {
  NetworkPolicy: (object) => [readPlain(object)],
  CiliumNetworkPolicy: (object) => readCilium(object, 'CiliumNetworkPolicy'),
  CiliumClusterwideNetworkPolicy: (object) => readCilium(object, 'CiliumClusterwideNetworkPolicy'),
};

function nameOf(object: Mapping): { name: string; namespace: string } {
  const metadata = mappingAt(object, 'metadata');
  const name = textAt(metadata, 'name');
  if (name === '') throw new ShapeError('metadata.name is missing');
  return { name, namespace: textAt(metadata, 'namespace') || 'default' };
}

function readPlain(object: Mapping): Policy {
  const { name, namespace } = nameOf(object);
  const spec = mappingAt(object, 'spec');
  const types = textsAt(spec, 'policyTypes');
  const stray = types.find((type) => type !== 'Ingress' && type !== 'Egress');
  if (stray !== undefined) throw new ShapeError(`spec.policyTypes "${stray.slice(0, 40)}" is neither Ingress nor Egress`);
  // without types: ingress always, egress where there are rules for it
  const denies = types.length > 0 ? { ingress: types.includes('Ingress'), egress: types.includes('Egress') } : { ingress: true, egress: mappingsAt(spec, 'egress').length > 0 };
  return {
    kind: 'NetworkPolicy', name, namespace, denies, notes: [],
    subject: [...readSelector(mappingAt(spec, 'podSelector'), 'spec.podSelector').map((requirement) => ({ ...requirement, source: 'k8s' })), inNamespace(namespace)],
    rules: DIRECTIONS.filter((direction) => denies[direction]).flatMap((direction) => mappingsAt(spec, direction).map((rule, i): Rule => {
      const path = `spec.${direction}[${i}]`;
      const ports = mappingsAt(rule, 'ports').map((port, j) => readPort(port, `${path}.ports[${j}]`, 'TCP'));
      return { direction, isDeny: false, peers: readPlainPeers(rule, direction, { path, home: namespace }), ports: ports.length === 0 ? undefined : ports, icmps: undefined, parser: '', path };
    })),
  };
}

function readCilium(object: Mapping, kind: 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy'): Policy[] {
  const { name, namespace } = nameOf(object);
  const home = kind === 'CiliumNetworkPolicy' ? namespace : '';
  const specs: [Mapping, string][] = [
    ...(object['spec'] === undefined || object['spec'] === null ? [] : [[mappingAt(object, 'spec'), 'spec'] as [Mapping, string]]),
    ...mappingsAt(object, 'specs').map((spec, i): [Mapping, string] => [spec, `specs[${i}]`]),
  ];
  if (specs.length === 0) throw new ShapeError('spec is missing');
  return specs.map(([spec, path]) => ({ kind, name, namespace: home, ...readSpec(spec, path, home) }));
}

function readSpec(spec: Mapping, path: string, home: string): Pick<Policy, 'subject' | 'denies' | 'rules' | 'notes'> {
  const isOfNodes = spec['nodeSelector'] !== undefined && spec['nodeSelector'] !== null;
  if (!isOfNodes && (spec['endpointSelector'] === undefined || spec['endpointSelector'] === null)) throw new ShapeError(`${path}.endpointSelector is missing`);
  if (isOfNodes && home !== '') throw new ShapeError(`${path}.nodeSelector belongs into a CiliumClusterwideNetworkPolicy`);
  const asked = mappingAt(spec, 'enableDefaultDeny');
  const has = (direction: Direction): boolean => [direction, `${direction}Deny`].some((key) => spec[key] !== undefined && spec[key] !== null);
  const denies = (direction: Direction): boolean => (typeof asked[direction] === 'boolean' ? asked[direction] : has(direction));
  return {
    subject: isOfNodes ? [{ source: 'reserved', key: 'host', operator: 'Exists', values: [] }] : subjectSelector(readSelector(mappingAt(spec, 'endpointSelector'), `${path}.endpointSelector`), home),
    denies: { ingress: denies('ingress'), egress: denies('egress') },
    rules: DIRECTIONS.flatMap((direction) => [direction, `${direction}Deny`].flatMap((key) => mappingsAt(spec, key).map((rule, i) => readRule(rule, { direction, isDeny: key !== direction, path: `${path}.${key}[${i}]`, home })))),
    notes: isOfNodes ? [`${path}.nodeSelector: which nodes it means is not looked at, it is read as all of them`] : [],
  };
}

// whatever it says of namespaces, a policy is about the endpoints of its own
function subjectSelector(selector: readonly Requirement[], home: string): Requirement[] {
  return home === '' ? homeSelector(selector, home) : [...selector.filter(({ key }) => key !== NAMESPACE_LABEL), inNamespace(home)];
}

function readRule(rule: Mapping, where: { direction: Direction; isDeny: boolean; path: string; home: string }): Rule {
  const { direction, isDeny, path, home } = where;
  const peers = readCiliumPeers(rule, direction, { path, home });
  const { ports, parser } = readToPorts(rule, path);
  const icmps = readIcmps(rule, path);
  // a rule that says nothing at all allows nobody: it is the usual way to ask for default deny
  const isEmpty = peers === undefined && ports === undefined && icmps === undefined;
  return { direction, isDeny, peers: isEmpty ? [] : peers, ports, icmps, parser, path };
}
