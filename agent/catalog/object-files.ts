import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogSnapshot } from '../decode/facts.ts';
import type { PolicyObject } from '../policy/policy.ts';
import { buildCatalog, describeUnknownKinds } from './catalog-from-objects.ts';
import { type KubeObject, nameObject, readObject, unfoldList } from './kube-object.ts';
import { parseDocuments } from './parse-objects.ts';
import { readPolicyObject } from './policy-object.ts';

/** Largest file of objects that is read; a cluster of 5,000 pods is about 60 MB of YAML. */
export const maxObjectFileBytes = 512 << 20;

/** Warnings of a catalog that are told; a million broken objects are one mistake. */
const maxWarnings = 100;
const maxWarningLength = 400;

interface ObjectFile {
  /** Changes whenever the content may have: inode, size and times of what the name leads to. */
  signature: string;
  /** Last good state of each object, by kind, namespace and name. */
  objects: Map<string, KubeObject>;
  policies: Map<string, PolicyObject>;
  warnings: string[];
  unknownKinds: Map<string, number>;
}

/** Files or folders of Kubernetes objects, read again when they change. What breaks keeps its last good state. */
export class ObjectFiles {
  readonly #paths: readonly string[];
  readonly #files = new Map<string, ObjectFile>();
  #gone: string[] = [];

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Looks at every file, reads what is new or different, and says whether anything was. */
  async scan(): Promise<boolean> {
    const found = new Map<string, string>();
    const gone: string[] = [];
    for (const path of this.#paths) {
      try {
        for (const [file, signature] of await listFiles(path)) found.set(file, signature);
      } catch (error) {
        gone.push(`${path}: ${describeFileError(error)}; its last good state stays`);
        for (const [file, state] of this.#files) if (file === path || file.startsWith(`${path}/`)) found.set(file, state.signature);
      }
    }
    let isChanged = gone.join() !== this.#gone.join();
    this.#gone = gone;
    for (const file of this.#files.keys()) if (!found.has(file)) isChanged = this.#files.delete(file);
    for (const [file, signature] of found) {
      if (this.#files.get(file)?.signature === signature) continue;
      isChanged = true;
      this.#files.set(file, await readObjectFile(file, signature, this.#files.get(file)));
    }
    return isChanged;
  }

  /** Throws the first path that cannot be read: at the start that is a mistake of the caller, later it is an outage. */
  async checkPaths(): Promise<void> {
    for (const path of this.#paths) {
      try {
        const status = await stat(path);
        if (!status.isFile() && !status.isDirectory()) throw new Error('neither a file nor a folder');
      } catch (error) {
        throw new Error(`cannot read objects from ${path}: ${describeFileError(error)}`, { cause: error });
      }
    }
  }

  /** Facts from the last good state of everything. */
  snapshot(): CatalogSnapshot {
    const files = [...this.#files.values()];
    const unknownKinds = new Map<string, number>();
    for (const file of files) for (const [kind, count] of file.unknownKinds) unknownKinds.set(kind, (unknownKinds.get(kind) ?? 0) + count);
    const snapshot = buildCatalog(files.flatMap((file) => [...file.objects.values()]));
    return { ...snapshot, policies: files.flatMap((file) => [...file.policies.values()]), warnings: firstWarnings([...this.#gone, ...files.flatMap((file) => file.warnings), ...describeUnknownKinds(unknownKinds), ...snapshot.warnings]) };
  }
}

function firstWarnings(warnings: readonly string[]): string[] {
  const told = warnings.slice(0, maxWarnings).map((line) => (line.length > maxWarningLength ? `${line.slice(0, maxWarningLength)}~` : line));
  return warnings.length > maxWarnings ? [...told, `${warnings.length - maxWarnings} more warnings of the objects`] : told;
}

/** A file error in words. */
export function describeFileError(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOENT') return 'no such file or folder';
  if (code === 'EACCES') return 'no permission to read it';
  return error instanceof Error ? error.message : String(error);
}

/** Files behind a path: itself, or what a folder holds. Names with a dot in front are a volume's own (`..data`). */
export async function listFiles(path: string): Promise<[file: string, signature: string][]> {
  const status = await stat(path);
  if (!status.isDirectory()) return [[path, signatureOf(status)]];
  const names = (await readdir(path)).filter((name) => !name.startsWith('.') && /\.(ya?ml|json)$/i.test(name)).sort();
  const files: [string, string][] = [];
  for (const name of names) {
    const file = join(path, name);
    // between listing and looking an editor may have replaced it: the next scan sees what is there then
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() === true) files.push([file, signatureOf(found)]);
  }
  return files;
}

function signatureOf(status: { ino: number; size: number; mtimeMs: number; ctimeMs: number }): string {
  return `${status.ino} ${status.size} ${status.mtimeMs} ${status.ctimeMs}`;
}

async function readObjectFile(path: string, signature: string, last: ObjectFile | undefined): Promise<ObjectFile> {
  const file: ObjectFile = { signature, objects: new Map(), policies: new Map(), warnings: [], unknownKinds: new Map() };
  let text: string;
  try {
    text = await readPlainFile(path);
  } catch (error) {
    file.warnings.push(`${path}: ${describeFileError(error)}; ${last === undefined ? 'left out' : 'its last good state stays'}`);
    return { ...file, objects: last?.objects ?? file.objects, policies: last?.policies ?? file.policies };
  }
  const { objects, errors } = parseDocuments(text);
  for (const object of objects.flatMap(unfoldList)) takeObject(object, path, file, last);
  for (const { line, reason } of errors) file.warnings.push(`${path}:${line}: ${reason}; ${last === undefined ? 'left out' : 'what it said before stays'}`);
  // A document that cannot be parsed does not say whose it is: whatever is missing now may be in it.
  // Older states go first, so that where two claim an address the newer one has it.
  return errors.length === 0 ? file : { ...file, objects: withOlder(last?.objects, file.objects), policies: withOlder(last?.policies, file.policies) };
}

/** The text of a file. A pipe would keep us waiting for ever, and a device has no end: those throw. */
export async function readPlainFile(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new Error('neither a file nor a folder');
    if (status.size > maxObjectFileBytes) throw new Error(`larger than ${maxObjectFileBytes} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function withOlder<T>(older: ReadonlyMap<string, T> | undefined, newer: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...[...(older ?? [])].filter(([key]) => !newer.has(key)), ...newer]);
}

function takeObject(object: unknown, path: string, file: ObjectFile, last: ObjectFile | undefined): void {
  const name = nameObject(object);
  const policy = readPolicyObject(object);
  if (policy.result !== 'other') {
    const kept = policy.result === 'read' ? policy.object : last?.policies.get(name);
    if (kept !== undefined) file.policies.set(name, kept);
    if (policy.result === 'refused') file.warnings.push(`${path}: ${name}: ${policy.reason}; ${kept === undefined ? 'it is not in force' : 'what it said before stays in force'}`);
    return;
  }
  const reading = readObject(object);
  if (reading.result === 'read') file.objects.set(name, reading.object);
  if (reading.result === 'unknown') file.unknownKinds.set(reading.kind, (file.unknownKinds.get(reading.kind) ?? 0) + 1);
  if (reading.result !== 'broken') return;
  const kept = last?.objects.get(name);
  if (kept !== undefined) file.objects.set(name, kept);
  file.warnings.push(`${path}: ${name}: ${reading.reason}; ${kept === undefined ? 'left out' : 'its last good state stays'}`);
}
