import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { removeCgroups } from './lab-cgroups.ts';
import { nodeOfPinFolder, pinFolders, removePinFolder } from '../kernel/pin-folder.ts';
import { isInLab, labNamespaces, namespacePrefix, removeNamespaces } from './namespace.ts';
import { isAlive, stopProcesses, type ProcessMark } from './processes.ts';
import { LabError } from './run-tool.ts';

/** What a lab has made, on disk before it is made: enough to remove it after a crash. */
export interface LabState {
  id: string;
  owner: ProcessMark;
  namespaces: string[];
  processes: ProcessMark[];
  /** Folder with objects and sockets. */
  folder: string;
}

const stateFolder = '/run/hubtop-lab';
/** Folders of labs begin so; nothing else is ever removed. */
export const folderPrefix = join(tmpdir(), 'hubtop-lab-');

/** Writes the state of a lab; call it before making what it names. */
export function saveState(state: LabState): void {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  if (!isOurs(stateFolder)) throw new LabError(`${stateFolder} is not a folder that only root writes: remove it`);
  writeFileSync(stateFile(state.id), JSON.stringify(state), { mode: 0o600 });
}

/** Removes everything a state names, and then the state. What it names besides a lab's own things is left alone. */
export async function removeLab(state: LabState): Promise<void> {
  await stopProcesses(state.processes);
  await removeNamespaces(labNamespaces(state.id));
  for (const folder of pinFolders()) if (nodeOfPinFolder(folder).startsWith(namespacePrefix(state.id))) removePinFolder(folder);
  await removeCgroups(state.id);
  if (isLabFolder(state.folder)) rmSync(state.folder, { recursive: true, force: true });
  rmSync(stateFile(state.id), { force: true });
}

/** Removes what labs left whose owner is gone; running ones are left alone. Returns their ids. */
export async function cleanLabs(): Promise<string[]> {
  const left = readStates().filter((state) => !isAlive(state.owner));
  for (const state of left) {
    // only what runs inside a lab's namespaces is a lab's: the rest of the machine is never signalled, whatever a file says
    await removeLab({ ...state, processes: state.processes.filter((mark) => isInLab(mark.pid, state.id)) });
  }
  return left.map((state) => state.id);
}

function stateFile(id: string): string {
  return join(stateFolder, `${id}.json`);
}

/** Directly in the folder for temporary files, by the name a lab gives, and root's own. */
function isLabFolder(path: string): boolean {
  return resolve(path) === path && dirname(path) === dirname(folderPrefix) && path.startsWith(folderPrefix) && isOurs(path);
}

/** A folder, no link to one, that belongs to root and that nobody else may write. */
function isOurs(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === 0 && (found.mode & 0o022) === 0;
}

function readStates(): LabState[] {
  if (!isOurs(stateFolder)) return [];
  return readdirSync(stateFolder).filter((name) => /^[a-z0-9]{1,32}\.json$/.test(name)).flatMap((name) => {
    const path = join(stateFolder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isFile() !== true || found.uid !== 0) return [];
    const state = parseState(readFileSync(path, 'utf8'));
    if (state?.id === name.slice(0, -'.json'.length)) return [state];
    // Killed while it was being written: what it named was not made yet.
    rmSync(path, { force: true });
    return [];
  });
}

/** A state as saveState() wrote it; undefined for anything else. */
export function parseState(text: string): LabState | undefined {
  let state: Partial<LabState> | null;
  try {
    state = JSON.parse(text) as Partial<LabState> | null;
  } catch {
    return undefined;
  }
  if (typeof state !== 'object' || state === null) return undefined;
  const { id, owner, namespaces, processes, folder } = state;
  const isWhole = typeof id === 'string' && /^[a-z0-9]{1,32}$/.test(id) && isMark(owner) && Array.isArray(namespaces)
    && namespaces.every((name) => typeof name === 'string') && Array.isArray(processes) && processes.every(isMark) && typeof folder === 'string';
  return isWhole ? { id, owner, namespaces, processes, folder } : undefined;
}

function isMark(mark: unknown): mark is ProcessMark {
  const { pid, startTicks } = { ...(mark as Partial<ProcessMark> | null | undefined) };
  return typeof pid === 'number' && Number.isInteger(pid) && pid >= 0 && typeof startTicks === 'string';
}
