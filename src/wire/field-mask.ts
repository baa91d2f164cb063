import type { Codec, FieldInfo, Result } from './codec.ts';
import { lowerCamel } from './json-names.ts';

/** A checked field mask: a field maps to what is wanted inside of it, or to 'all'. */
export type MaskTree = Map<FieldInfo, MaskTree | 'all'>;

/** Checks the paths of a FieldMask against a message type. A path swallows the paths below it; a list cannot be looked into. */
export function compileFieldMask(codec: Codec<object>, paths: readonly string[]): Result<MaskTree> {
  const tree: MaskTree = new Map();
  for (const path of paths) {
    const fields = resolvePath(codec, path);
    if (fields === undefined) return { ok: false, error: `invalid fieldmask: ${codec.name} has no ${JSON.stringify(path)}` };
    addPath(tree, fields);
  }
  return { ok: true, value: tree };
}

function resolvePath(codec: Codec<object>, path: string): FieldInfo[] | undefined {
  const fields: FieldInfo[] = [];
  let inside: Codec<object> | undefined = codec;
  for (const name of path.split('.')) {
    const field: FieldInfo | undefined = inside?.fields.find((one) => one.name === name) ?? inside?.fields.find((one) => lowerCamel(one.name) === name);
    if (field === undefined) return undefined;
    fields.push(field);
    inside = field.repeated ? undefined : field.message;
  }
  return fields;
}

function addPath(tree: MaskTree, [field, ...rest]: readonly FieldInfo[]): void {
  if (field === undefined || tree.get(field) === 'all') return;
  if (rest.length === 0) {
    tree.set(field, 'all');
    return;
  }
  const known = tree.get(field);
  const below: MaskTree = known === undefined || known === 'all' ? new Map() : known;
  tree.set(field, below);
  addPath(below, rest);
}

/**
 * A copy with the masked fields only; leaves are shared with the original. A message on the way to a masked field is
 * there even if the original has none, as Hubble's server does it, but of a oneof only the member that is set.
 */
export function applyFieldMask<T extends object>(tree: MaskTree, message: T): T {
  const values = message as Readonly<Record<string, unknown>>;
  const masked: Record<string, unknown> = {};
  for (const [field, below] of tree) {
    const value = values[field.name];
    if (below === 'all') {
      if (value !== undefined) masked[field.name] = value;
    } else if (value !== undefined || field.oneof === undefined) {
      masked[field.name] = applyFieldMask(below, (value ?? {}) as object);
    }
  }
  return masked as T;
}
