import type { WorkloadFact } from '../decode/facts.ts';
import type { Metadata } from './kube-object.ts';

/** Looks up the owner of a ReplicaSet or Job the catalog holds; undefined when it does not hold it or it has none. */
export type OwnerLookup = (kind: string, namespace: string, name: string) => { kind: string; name: string } | undefined;

/** The controller a person would name: Deployment for a ReplicaSet's pod, CronJob for a scheduled Job's, the pod itself when nobody owns it. */
export function workloadOf(pod: Metadata, ownerOf: OwnerLookup): WorkloadFact {
  const owner = pod.owner;
  if (owner === undefined) return { name: pod.name, kind: 'Pod' };
  const above = ownerOf(owner.kind, pod.namespace, owner.name);
  if (above !== undefined) return above;
  if (owner.kind === 'ReplicaSet') {
    const hash = pod.labels.get('pod-template-hash') ?? '';
    if (hash !== '' && owner.name.endsWith(`-${hash}`)) return { name: owner.name.slice(0, -hash.length - 1), kind: 'Deployment' };
  }
  // the CronJob controller appends the scheduled minute, 8 to 10 digits
  const scheduled = owner.kind === 'Job' ? /^(.+)-\d{8,10}$/.exec(owner.name) : null;
  return scheduled?.[1] === undefined ? { name: owner.name, kind: owner.kind } : { name: scheduled[1], kind: 'CronJob' };
}
