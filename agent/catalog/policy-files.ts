import { nameObject, readObject, unfoldList } from './kube-object.ts';
import { describeFileError, listFiles, readPlainFile } from './object-files.ts';
import { parseDocuments } from './parse-objects.ts';
import type { Policy } from '../policy/policy.ts';
import { readPolicy } from './read-policy.ts';

/** What files of objects say about policies, and about the ports that names stand for in them. */
export interface PolicyFiles {
  policies: Policy[];
  /** Named ports of each pod, by its address. */
  portsOfIp: Map<string, ReadonlyMap<string, number>>;
  /** What could not be read: file, object, field and reason, a line each. */
  refused: string[];
}

/** Reads files and folders of Kubernetes objects once. A policy that cannot be read is in `refused`: whoever judges by the others says so. */
export async function readPolicyFiles(paths: readonly string[]): Promise<PolicyFiles> {
  const found: PolicyFiles = { policies: [], portsOfIp: new Map(), refused: [] };
  for (const path of paths) {
    try {
      for (const [file] of await listFiles(path)) takeFile(found, file, await readPlainFile(file));
    } catch (error) {
      found.refused.push(`${path}: ${describeFileError(error)}`);
    }
  }
  return found;
}

function takeFile(found: PolicyFiles, file: string, text: string): void {
  const { objects, errors } = parseDocuments(text);
  for (const { line, reason } of errors) found.refused.push(`${file}:${line}: ${reason}`);
  for (const object of objects.flatMap(unfoldList)) {
    const reading = readPolicy(object);
    if (reading.result === 'read') found.policies.push(...reading.policies);
    else if (reading.result === 'refused') found.refused.push(`${file}: ${nameObject(object)}: ${reading.reason}`);
    else takePod(found, object);
  }
}

function takePod(found: PolicyFiles, object: unknown): void {
  const reading = readObject(object);
  if (reading.result !== 'read' || reading.object.kind !== 'Pod') return;
  const named = new Map([...reading.object.containerPorts].filter(([name]) => name !== ''));
  for (const ip of reading.object.ips) found.portsOfIp.set(ip, named);
}
