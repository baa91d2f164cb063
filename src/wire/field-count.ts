import type { Codec } from './codec.ts';

/**
 * Counts the fields of a message on the wire, those of messages inside too, and stops beyond `most`: a few bytes make an
 * object of a hundred, so that bytes alone do not bound what decoding costs. Malformed bytes end the count; decoding says
 * what is wrong with them.
 */
export function hasMoreFieldsThan(codec: Codec<object>, bytes: Uint8Array, most: number): boolean {
  return new Counter(bytes, most).count(codec, 0, bytes.length) > most;
}

class Counter {
  private fields = 0;
  private at = 0;

  constructor(private readonly bytes: Uint8Array, private readonly most: number) {}

  count(codec: Codec<object>, start: number, end: number): number {
    const inside = nestedOf(codec);
    this.at = start;
    while (this.at < end && this.fields <= this.most) {
      const tag = this.varint();
      this.fields++;
      const wireType = tag % 8;
      if (wireType === 0) this.varint();
      else if (wireType === 1) this.at += 8;
      else if (wireType === 5) this.at += 4;
      else if (wireType === 2) this.delimited(inside.get(Math.floor(tag / 8)), end);
      else break;
    }
    return this.fields;
  }

  private delimited(nested: Codec<object> | undefined, end: number): void {
    const length = this.varint();
    const after = this.at + length;
    if (nested !== undefined && after <= end) this.count(nested, this.at, after);
    this.at = after;
  }

  private varint(): number {
    let value = 0;
    for (let shift = 1; this.at < this.bytes.length; shift *= 128) {
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) break;
    }
    return value;
  }
}

const nested = new WeakMap<Codec<object>, ReadonlyMap<number, Codec<object>>>();

function nestedOf(codec: Codec<object>): ReadonlyMap<number, Codec<object>> {
  let known = nested.get(codec);
  if (known === undefined) {
    known = new Map(codec.fields.flatMap((field) => (field.message === undefined ? [] : [[field.number, field.message]])));
    nested.set(codec, known);
  }
  return known;
}
