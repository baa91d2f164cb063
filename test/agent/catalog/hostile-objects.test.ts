import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import { firstIdentity, lastIdentity, numberIdentities } from '../../../agent/catalog/identity-numbers.ts';
import { ObjectFiles } from '../../../agent/catalog/object-files.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';

let folder = '';
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'hubtop-hostile-')); });
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

const good = 'kind: Pod\nmetadata: {name: good}\nstatus: {podIP: 10.9.9.9}\n';
const tower = (first: string): string => ['b', 'c', 'd', 'e'].reduce((text, name, index) => `${text}${name}: &${name} [${`*${'abcd'[index]},`.repeat(9)}]\n`, `a: &a [${first}]\n`);

test.each<[string, string, RegExp]>([
  ['a tower of aliases', `${tower('x')}kind: Pod\nmetadata: {name: x, labels: *e}\n`, /labels is not a mapping/],
  ['a product of lists by aliases', `ports: &p [${'{name: a, containerPort: 1},'.repeat(1000)}]\nc: &c {ports: *p}\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [${'*c,'.repeat(1000)}]}\n`, /more than 1024 ports/],
  ['a slice of a million addresses', `a: &a {addresses: [10.0.0.1]}\nkind: EndpointSlice\nmetadata: {name: x}\nendpoints: [${'*a,'.repeat(5000)}]\n`, /more than 1024 items/],
  ['lists in lists in lists', `kind: Pod\nmetadata: ${'['.repeat(100_000)}\n`, /nesting/],
  ['a label of a megabyte', `kind: Pod\nmetadata: {name: x, labels: {a: ${'y'.repeat(1_000_000)}}}\n`, /longer than 1024 characters/],
  ['ten thousand labels', `kind: Pod\nmetadata: {name: x, labels: {${Array.from({ length: 10_000 }, (_, index) => `a${index}: b`).join()}}}\n`, /labels is longer than 16384 characters/],
  ['an identity that the wire cannot carry', 'kind: CiliumIdentity\nmetadata: {name: "9999999999"}\n', /not a number of 32 bits/],
  ['an address that is none', 'kind: Pod\nmetadata: {name: x}\nstatus: {podIP: 10.0.0.256}\n', /is not an IP address/],
  ['terminal sequences as a kind', 'kind: "\\e]0;owned\\a"\nmetadata: {name: x}\n', /unknown kind/],
])('scan() says what is wrong with %s, and takes the neighbour', async (_name, text, warning) => {
  writeFileSync(join(folder, 'a.yaml'), text);
  writeFileSync(join(folder, 'b.yaml'), good);
  const files = new ObjectFiles([folder]);
  await files.scan();
  const snapshot = files.snapshot();
  expect(snapshot.endpoints.map((endpoint) => endpoint.pod_name)).toEqual(['good']);
  expect(snapshot.warnings.join('\n')).toMatch(warning);
  expect(snapshot.warnings.join('\n').length).toBeLessThan(2_000);
});

test('scan() is not held up by pipes, devices, loops of links and folders that look like files', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
  symlinkSync('loop.yaml', join(folder, 'loop.yaml'));
  symlinkSync('/dev/zero', join(folder, 'zero.yaml'));
  mkdirSync(join(folder, 'folder.yaml'));
  writeFileSync(join(folder, 'good.yaml'), good);
  const files = new ObjectFiles([folder]);
  await files.scan();
  expect(files.snapshot().endpoints).toHaveLength(1);
  await expect(new ObjectFiles([join(folder, 'pipe.yaml')]).checkPaths()).rejects.toThrow(/neither a file nor a folder/);
});

test('scan() keeps what a file said when a pipe or a device takes its place', async () => {
  const path = join(folder, 'good.yaml');
  writeFileSync(path, good);
  const files = new ObjectFiles([path]);
  await files.scan();
  rmSync(path);
  execFileSync('mkfifo', [path]);
  await files.scan();
  expect(files.snapshot().endpoints).toHaveLength(1);
  rmSync(path);
  symlinkSync('/dev/zero', path);
  await files.scan();
  expect(files.snapshot().endpoints).toHaveLength(1);
  expect(files.snapshot().warnings).toEqual([expect.stringMatching(/neither a file nor a folder; its last good state stays/)]);
});

test('snapshot() tells a hundred warnings, and how many more there are', async () => {
  writeFileSync(join(folder, 'a.json'), JSON.stringify(Array.from({ length: 5_000 }, () => ({ kind: 'Pod' }))));
  const files = new ObjectFiles([folder]);
  await files.scan();
  expect(files.snapshot().warnings).toHaveLength(101);
  expect(files.snapshot().warnings.at(-1)).toBe('4900 more warnings of the objects');
});

test('catalogFromObjects() knows one address under all its spellings', () => {
  const pod = (name: string, podIP: string): object => ({ kind: 'Pod', metadata: { name }, status: { podIP } });
  const snapshot = catalogFromObjects([pod('one', '10.0.0.8'), pod('two', '10.0.0.08'), pod('three', 'FD00:0::1'), pod('four', 'fd00::1')]);
  expect(snapshot.endpoints.map((endpoint) => endpoint.ips)).toEqual([['10.0.0.8'], ['fd00::1']]);
  expect(snapshot.warnings).toHaveLength(2);
});

test('catalogFromObjects() bounds the backends of a service', () => {
  const ports = Array.from({ length: 1_000 }, (_, index) => ({ port: index }));
  const pods = Array.from({ length: 100 }, (_, index) => ({ kind: 'Pod', metadata: { name: `p${index}`, labels: { a: 'b' } }, status: { podIP: `10.0.0.${index}` } }));
  const snapshot = catalogFromObjects([...pods, { kind: 'Service', metadata: { name: 's' }, spec: { selector: { a: 'b' }, ports } }]);
  expect(snapshot.services[0]?.backends).toHaveLength(16_384);
});

test('EndpointVersions.apply() and its chunks take the highest identity there is', () => {
  const labels = { 'k8s:app': 'x', 'k8s:io.cilium.k8s.policy.cluster': 'default', 'k8s:io.cilium.k8s.policy.serviceaccount': 'default', 'k8s:io.kubernetes.pod.namespace': 'default' };
  const snapshot = catalogFromObjects([
    { kind: 'CiliumIdentity', metadata: { name: '4294967295' }, 'security-labels': labels },
    { kind: 'Pod', metadata: { name: 'p', labels: { app: 'x' } }, status: { podIP: '10.0.0.7' } },
  ]);
  const versions = new EndpointVersions('node-a');
  const ref = versions.apply(snapshot, 0n).upserts[0]?.ref ?? 0;
  expect(versions.get(ref).endpoint.identity).toBe(4_294_967_295);
  expect(versions.get(ref).chunk.length).toBeGreaterThan(0);
});

test('numberIdentities() fills the whole room around its end, and counts the rest', () => {
  const room = lastIdentity - firstIdentity + 1;
  const given = new Map([['given', firstIdentity], ['far', lastIdentity]]);
  const { numbers, overflow } = numberIdentities(Array.from({ length: room + 10 }, (_, index) => `set ${index}`), given);
  expect(overflow).toBe(12);
  const used = [...numbers.values()].filter((number) => number !== 0);
  expect(new Set(used).size).toBe(room - 2);
  expect(used.includes(firstIdentity) || used.includes(lastIdentity)).toBe(false);
});
