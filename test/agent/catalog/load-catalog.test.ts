import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCatalog } from '../../../agent/catalog/load-catalog.ts';
import { ObjectFiles } from '../../../agent/catalog/object-files.ts';
import { parseDocuments } from '../../../agent/catalog/parse-objects.ts';

let folder = '';
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'hubtop-catalog-')); });
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

function podYaml(name: string, ip: string): string {
  return `kind: Pod\nmetadata: {name: ${name}, namespace: shop}\nstatus: {podIP: ${ip}}\n`;
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function podNames(files: ObjectFiles): string[] {
  return files.snapshot().endpoints.map((endpoint) => `${endpoint.pod_name} ${endpoint.ips.join()}`);
}

test('parseDocuments() reads JSON, YAML documents and flow-style YAML', () => {
  expect(parseDocuments('{"kind":"Pod"}').objects).toEqual([{ kind: 'Pod' }]);
  expect(parseDocuments('kind: A\n---\n---\nkind: B\n').objects).toEqual([{ kind: 'A' }, { kind: 'B' }]);
  expect(parseDocuments('{kind: Pod}').objects).toEqual([{ kind: 'Pod' }]);
  expect(parseDocuments('').objects).toEqual([]);
});

test('parseDocuments() names the line of a broken document and keeps its neighbours', () => {
  const { objects, errors } = parseDocuments('kind: A\n---\nkind: [B\nmetadata: x\n---\nkind: C\n');
  expect(objects).toEqual([{ kind: 'A' }, { kind: 'C' }]);
  expect(errors).toEqual([{ line: 4, reason: expect.any(String) }]);
});

test('scan() keeps the last good state of a document that breaks, and takes the repaired one', async () => {
  const path = write('objects.yaml', `${podYaml('web', '10.0.0.1')}---\n${podYaml('api', '10.0.0.2')}`);
  const files = new ObjectFiles([path]);
  await files.scan();
  expect(podNames(files)).toEqual(['web 10.0.0.1', 'api 10.0.0.2']);
  write('objects.yaml', `${podYaml('web', '10.0.0.9')}---\nkind: Pod\nmetadata: [oops\n`);
  expect(await files.scan()).toBe(true);
  expect(podNames(files).sort()).toEqual(['api 10.0.0.2', 'web 10.0.0.9']);
  expect(files.snapshot().warnings).toEqual([expect.stringMatching(/objects\.yaml:\d+: .*; what it said before stays$/)]);
  write('objects.yaml', podYaml('web', '10.0.0.9'));
  await files.scan();
  expect(podNames(files)).toEqual(['web 10.0.0.9']);
  expect(files.snapshot().warnings).toEqual([]);
});

test('scan() gives an address to the newer of two when a broken document keeps the older alive', async () => {
  const path = write('objects.yaml', podYaml('web', '10.0.0.1'));
  const files = new ObjectFiles([path]);
  await files.scan();
  write('objects.yaml', `${podYaml('renamed', '10.0.0.1')}---\nkind: [oops\n`);
  await files.scan();
  expect(podNames(files)).toEqual(['renamed 10.0.0.1']);
});

test('scan() keeps the last good state of an object whose shape breaks', async () => {
  const path = write('objects.yaml', podYaml('web', '10.0.0.1'));
  const files = new ObjectFiles([path]);
  await files.scan();
  write('objects.yaml', podYaml('web', 'ten'));
  await files.scan();
  expect(podNames(files)).toEqual(['web 10.0.0.1']);
  expect(files.snapshot().warnings).toEqual([`${path}: Pod shop/web: status.podIPs "ten" is not an IP address; its last good state stays`]);
});

test('scan() keeps what a named file said when the file is gone, and forgets what left a folder', async () => {
  const path = write('objects.yaml', podYaml('web', '10.0.0.1'));
  const named = new ObjectFiles([path]);
  const inFolder = new ObjectFiles([folder]);
  await named.scan();
  await inFolder.scan();
  rmSync(path);
  await named.scan();
  await inFolder.scan();
  expect(podNames(named)).toEqual(['web 10.0.0.1']);
  expect(named.snapshot().warnings).toEqual([`${path}: no such file or folder; its last good state stays`]);
  expect(podNames(inFolder)).toEqual([]);
});

test('scan() sees a volume swap: the names stay, the folder behind them moves', async () => {
  for (const [version, ip] of [['..v1', '10.0.0.1'], ['..v2', '10.0.0.2']] as const) {
    mkdirSync(join(folder, version));
    write(`${version}/pods.yaml`, podYaml('web', ip));
  }
  symlinkSync('..v1', join(folder, '..data'));
  symlinkSync('..data/pods.yaml', join(folder, 'pods.yaml'));
  const files = new ObjectFiles([folder]);
  await files.scan();
  expect(podNames(files)).toEqual(['web 10.0.0.1']);
  symlinkSync('..v2', join(folder, '..new'));
  renameSync(join(folder, '..new'), join(folder, '..data'));
  expect(await files.scan()).toBe(true);
  expect(podNames(files)).toEqual(['web 10.0.0.2']);
  expect(await files.scan()).toBe(false);
});

test('scan() counts unknown kinds over all files in one line a kind', async () => {
  write('a.yaml', 'kind: Gadget\nmetadata: {name: a}\n---\nkind: Gadget\nmetadata: {name: b}\n');
  write('b.json', '{"kind":"Gadget","metadata":{"name":"c"}}');
  write('notes.txt', 'not looked at');
  const files = new ObjectFiles([folder]);
  await files.scan();
  expect(files.snapshot().warnings).toEqual(['unknown kind Gadget: 3 objects left out']);
});

test('loadCatalog() follows its files and tells each warning once', async () => {
  const path = write('objects.yaml', podYaml('web', '10.0.0.1'));
  const controller = new AbortController();
  const warnings: string[] = [];
  let changed = (): void => {};
  const change = new Promise<void>((resolve) => { changed = resolve; });
  const catalog = await loadCatalog({ paths: [path], onChange: () => { changed(); }, onWarning: (line) => warnings.push(line), signal: controller.signal });
  expect(catalog.snapshot.endpoints.map((endpoint) => endpoint.ips)).toEqual([['10.0.0.1']]);
  write('objects.yaml', `${podYaml('web', '10.0.0.3')}---\nkind: Gadget\nmetadata: {name: a}\n`);
  await change;
  expect(catalog.snapshot.endpoints.map((endpoint) => endpoint.ips)).toEqual([['10.0.0.3']]);
  expect(warnings).toEqual(['unknown kind Gadget: 1 object left out']);
  controller.abort();
});

test('loadCatalog() refuses a path that does not exist', async () => {
  await expect(loadCatalog({ paths: [join(folder, 'absent.yaml')], onChange: () => {}, onWarning: () => {}, signal: new AbortController().signal }))
    .rejects.toThrow(/cannot read objects from .*absent\.yaml: no such file or folder/);
});
