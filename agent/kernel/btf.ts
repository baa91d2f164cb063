/**
 * Reads enumerations from BTF, the kernel's own description of its types
 * (Documentation/bpf/btf.rst): the numbers of drop reasons move between
 * kernels, so their names come from the one that runs.
 */

const magic = 0xeb9f;
const headerBytes = 24;
const typeBytes = 12;
const kindEnum = 6;
const kindEnum64 = 19;

/** Bytes that follow a type of this kind: some once, some for each of its members (vlen). */
const extraBytes: Readonly<Record<number, { once?: number; each?: number }>> = {
  1: { once: 4 }, // int
  3: { once: 12 }, // array
  4: { each: 12 }, // struct
  5: { each: 12 }, // union
  [kindEnum]: { each: 8 },
  13: { each: 8 }, // function prototype
  14: { once: 4 }, // variable
  15: { each: 12 }, // data section
  17: { once: 4 }, // declaration tag
  [kindEnum64]: { each: 12 },
};

/** Members of an enumeration by number; of two names for one number the first. */
export type EnumNames = ReadonlyMap<number, string>;

/** The enumerations with these names; one that BTF does not have is absent. Undefined when the bytes are not BTF. */
export function readBtfEnums(bytes: Uint8Array, wanted: readonly string[]): Map<string, EnumNames> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || view.getUint16(0, true) !== magic) return undefined;
  const base = view.getUint32(4, true);
  const typesStart = base + view.getUint32(8, true);
  const typesEnd = typesStart + view.getUint32(12, true);
  const stringsStart = base + view.getUint32(16, true);
  const stringsEnd = stringsStart + view.getUint32(20, true);
  if (typesEnd > bytes.length || stringsEnd > bytes.length) return undefined;
  const strings = bytes.subarray(stringsStart, stringsEnd);
  const offsets = new Map(wanted.map((name) => [findString(strings, name), name]));
  const found = new Map<string, EnumNames>();
  for (let at = typesStart; at + typeBytes <= typesEnd && found.size < wanted.length;) {
    const info = view.getUint32(at + 4, true);
    const kind = (info >>> 24) & 0x1f;
    const members = info & 0xffff;
    const name = kind === kindEnum || kind === kindEnum64 ? offsets.get(view.getUint32(at, true)) : undefined;
    const { once = 0, each = 0 } = extraBytes[kind] ?? {};
    const next = at + typeBytes + once + each * members;
    if (next > typesEnd) return undefined;
    if (name !== undefined && members > 0) found.set(name, readMembers(view, { at: at + typeBytes, each, members, strings }));
    at = next;
  }
  return found;
}

/** Whether BTF has something with this name. */
export function hasBtfName(bytes: Uint8Array, name: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(`\0${name}\0`, 0, 'latin1');
}

function readMembers(view: DataView, { at, each, members, strings }: { at: number; each: number; members: number; strings: Uint8Array }): EnumNames {
  const names = new Map<number, string>();
  for (let index = 0; index < members; index++) {
    const memberAt = at + index * each;
    const value = view.getUint32(memberAt + 4, true);
    if (!names.has(value)) names.set(value, stringFrom(strings, view.getUint32(memberAt, true)));
  }
  return names;
}

function stringFrom(strings: Uint8Array, at: number): string {
  return new TextDecoder().decode(strings.subarray(at, strings.indexOf(0, at)));
}

/** BTF keeps each string once, with a zero byte before and behind it. */
function findString(strings: Uint8Array, name: string): number {
  const at = Buffer.from(strings.buffer, strings.byteOffset, strings.length).indexOf(`\0${name}\0`, 0, 'latin1');
  return at < 0 ? -1 : at + 1;
}
