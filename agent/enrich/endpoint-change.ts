import type { EndpointVersion } from './endpoint-version.ts';

/** Labels that a change names; the rest are counted. */
const MAX_NAMED = 4;

/** Something a catalog change did. */
export interface EndpointChange {
  kind: 'endpoint-added' | 'endpoint-removed' | 'identity-changed';
  timeNs: bigint;
  /** namespace/pod */
  subject: string;
  detail: string;
  version: EndpointVersion;
  /** The identity before, of one that changed. */
  oldIdentity?: number;
}

/** What became of an endpoint: undefined where its identity is what it was. */
export function describeChange(before: EndpointVersion | undefined, version: EndpointVersion, timeNs: bigint): EndpointChange | undefined {
  const subject = subjectOf(version);
  if (before === undefined) return { kind: 'endpoint-added', timeNs, subject, detail: version.ips.join(' '), version };
  const [old, now] = [before.endpoint.identity ?? 0, version.endpoint.identity ?? 0];
  if (old === now) return undefined;
  return { kind: 'identity-changed', timeNs, subject, detail: `${old} to ${now}: ${labelWords(before.endpoint.labels ?? [], version.endpoint.labels ?? [])}`, version, oldIdentity: old };
}

/** namespace/pod, or the node's name. */
export function subjectOf(version: EndpointVersion): string {
  const { namespace, pod_name } = version.endpoint;
  return pod_name === undefined ? version.nodeName : `${namespace ?? ''}/${pod_name}`;
}

/** Which labels came, went or have another value, such as `team=ledger is now team=core; tier=1 is gone`. */
function labelWords(before: readonly string[], after: readonly string[]): string {
  const [old, now] = [byKey(before), byKey(after)];
  const words = [
    ...[...now].flatMap(([key, value]) => (old.get(key) === value ? [] : old.has(key) ? [`${pair(key, old.get(key))} is now ${pair(key, value)}`] : [`${pair(key, value)} is new`])),
    ...[...old].flatMap(([key, value]) => (now.has(key) ? [] : [`${pair(key, value)} is gone`])),
  ];
  // a set that another one took the number of, or that got one from a CiliumIdentity
  if (words.length === 0) return 'its labels are the same, their number is another';
  return [...words.slice(0, MAX_NAMED), ...(words.length > MAX_NAMED ? [`${words.length - MAX_NAMED} more labels`] : [])].join('; ');
}

function byKey(labels: readonly string[]): Map<string, string | undefined> {
  return new Map(labels.map((label) => {
    const text = label.startsWith('k8s:') ? label.slice('k8s:'.length) : label;
    const at = text.indexOf('=');
    return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
  }));
}

function pair(key: string, value: string | undefined): string {
  return value === undefined ? key : `${key}=${value}`;
}
