// hot path: names every flow's node once (bench: screen, flows folded)
import { scrub } from '../lib/scrub.ts';

/** Texts remembered at most; ids must fit the 16-bit node column. */
const MAX_TEXTS = 65_535;
const TABLE_SIZE = 1 << 17;

/** Small numbers for short UTF-8 texts inside byte buffers, compared by their bytes. Texts come out scrubbed. */
export class TextInterner {
  private readonly texts: string[] = [''];
  private readonly originals: Uint8Array[] = [new Uint8Array(0)];
  private readonly table = new Uint32Array(TABLE_SIZE);
  private readonly decoder = new TextDecoder();
  /** The one asked for last: neighbours in a stream are often of one node. */
  private last = 0;

  /** Id of the text, at least 1; 0 for an empty range or when the table is full. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (end <= start) return 0;
    if (isEqual(this.originals[this.last], bytes, start, end)) return this.last;
    this.last = this.find(bytes, start, end);
    return this.last;
  }

  private find(bytes: Uint8Array, start: number, end: number): number {
    let hash = 2166136261;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 16777619);
    let slot = (hash >>> 0) % TABLE_SIZE;
    for (;;) {
      const id = this.table[slot] ?? 0;
      if (id === 0) return this.add(slot, bytes.slice(start, end));
      if (isEqual(this.originals[id], bytes, start, end)) return id;
      slot = (slot + 1) % TABLE_SIZE;
    }
  }

  get(id: number): string {
    return this.texts[id] ?? '';
  }

  /** The only text there is; empty while there is none, or more. */
  only(): string {
    return this.texts.length === 2 ? (this.texts[1] ?? '') : '';
  }

  private add(slot: number, text: Uint8Array): number {
    if (this.texts.length >= MAX_TEXTS) return 0;
    this.table[slot] = this.texts.length;
    this.originals.push(text);
    return this.texts.push(scrub(this.decoder.decode(text))) - 1;
  }
}

function isEqual(known: Uint8Array | undefined, bytes: Uint8Array, start: number, end: number): boolean {
  if (known?.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
