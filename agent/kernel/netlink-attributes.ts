/** Attributes of netlink messages: struct rtattr is a length with these four bytes, a type with two flag bits, then the value, aligned to four. */
const headerBytes = 4;

/** The attributes of a message or of an attribute that holds some, from `start` on. A malformed rest is left out. */
export function* attributes(bytes: Uint8Array, start: number): Generator<[type: number, value: Uint8Array]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = start; at + headerBytes <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < headerBytes || at + length > bytes.length) return;
    yield [view.getUint16(at + 2, true) & 0x3fff, bytes.subarray(at + headerBytes, at + length)];
    at += align(length);
  }
}

/** The next multiple of four. */
export function align(length: number): number {
  return (length + 3) & ~3;
}

/** A value of 32 bits; 0 for one that is cut. */
export function number32(value: Uint8Array): number {
  return value.length < 4 ? 0 : new DataView(value.buffer, value.byteOffset, 4).getInt32(0, true);
}

/** A C string. */
export function attributeText(value: Uint8Array): string {
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
}

/** An attribute with a value of bytes, padded. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(align(headerBytes + value.length));
  new DataView(bytes.buffer).setUint16(0, headerBytes + value.length, true);
  new DataView(bytes.buffer).setUint16(2, type, true);
  bytes.set(value, headerBytes);
  return bytes;
}
