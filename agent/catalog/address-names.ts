import { ObjectFiles } from './object-files.ts';

/** Names by address, out of files of objects: pods and services as `namespace/name`, nodes. Rejects where a path cannot be read. */
export async function addressNames(paths: readonly string[]): Promise<Map<string, string>> {
  const files = new ObjectFiles(paths);
  await files.checkPaths();
  await files.scan();
  const { nodes, services, endpoints } = files.snapshot();
  return new Map([
    ...services.flatMap(({ namespace, name, clusterIps }) => clusterIps.map((ip): [string, string] => [ip, `${namespace}/${name} (service)`])),
    ...endpoints.filter(({ hostNetwork }) => !hostNetwork).flatMap(({ namespace, pod_name, ips }) => ips.map((ip): [string, string] => [ip, `${namespace}/${pod_name}`])),
    ...nodes.flatMap(({ name, ips }) => ips.map((ip): [string, string] => [ip, name])),
  ]);
}
