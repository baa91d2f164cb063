import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labNamespaces, removeNamespaces } from './namespace.ts';
import { isAlive, stopProcesses, type ProcessMark } from './processes.ts';

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
  writeFileSync(stateFile(state.id), JSON.stringify(state), { mode: 0o600 });
}

/** Removes everything a state names, and then the state. */
export async function removeLab(state: LabState): Promise<void> {
  await stopProcesses(state.processes);
  await removeNamespaces([...new Set([...state.namespaces, ...labNamespaces(state.id)])]);
  if (state.folder.startsWith(folderPrefix)) rmSync(state.folder, { recursive: true, force: true });
  rmSync(stateFile(state.id), { force: true });
}

/** Removes what labs left whose owner is gone; running ones are left alone. Returns their ids. */
export async function cleanLabs(): Promise<string[]> {
  const left = readStates().filter((state) => !isAlive(state.owner));
  for (const state of left) await removeLab(state);
  return left.map((state) => state.id);
}

function stateFile(id: string): string {
  return join(stateFolder, `${id}.json`);
}

function readStates(): LabState[] {
  let names: string[] = [];
  try {
    names = readdirSync(stateFolder);
  } catch {
    return [];
  }
  return names.filter((name) => /^[a-z0-9]+\.json$/.test(name)).flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(stateFolder, name), 'utf8')) as LabState];
    } catch {
      // Killed while it was being written: what it named was not made yet.
      rmSync(join(stateFolder, name), { force: true });
      return [];
    }
  });
}
