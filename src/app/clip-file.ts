import { chmodSync, closeSync, constants, fchmodSync, fstatSync, lstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Folder for what hubtop keeps between two runs: $XDG_STATE_HOME/hubtop, else ~/.local/state/hubtop. */
export function stateFolder(env: Environment): string {
  const told = env['XDG_STATE_HOME'] ?? '';
  return join(isAbsolute(told) ? told : join(env['HOME'] || homedir(), '.local/state'), 'hubtop');
}

/** A path as people write it. */
export function shortPath(path: string, env: Environment): string {
  const home = env['HOME'] || homedir();
  return home !== '/' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/**
 * Writes text to clip.txt in the state folder, for its owner alone, and gives the path. Throws when the folder is not
 * ours alone; a link in the file's place is replaced, never followed.
 */
export function writeClip(text: string, env: Environment): string {
  const folder = ownFolder(stateFolder(env));
  const path = join(folder, 'clip.txt');
  const draft = join(folder, `clip.${process.pid}.tmp`);
  rmSync(draft, { force: true });
  const file = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, FILE_MODE);
  try {
    fchmodSync(file, FILE_MODE);
    writeAll(file, Buffer.from(text, 'utf8'));
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return path;
}

function ownFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  if (!lstatSync(folder).isDirectory()) throw new Error(`${folder} is a link`);
  const handle = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { uid, mode } = fstatSync(handle);
    if (process.getuid !== undefined && uid !== process.getuid()) throw new Error(`${folder} belongs to somebody else`);
    if ((mode & 0o077) !== 0) chmodSync(folder, FOLDER_MODE);
  } finally {
    closeSync(handle);
  }
  return folder;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
