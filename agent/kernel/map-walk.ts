import { openMap } from './bpf-ids.ts';
import type { BpfMap } from './bpf-map.ts';
import { libbpf } from './libbpf.ts';
import { closeFd } from './native.ts';

const enoent = -2;

/** A walk over the keys of a map that can stop and go on. */
export class MapWalk {
  count = 0;
  private key: Uint8Array;
  private next: Uint8Array;
  private first: Uint8Array | undefined;

  private constructor(readonly id: number, private readonly map: BpfMap) {
    this.key = new Uint8Array(map.keySize);
    this.next = new Uint8Array(map.keySize);
  }

  /** Undefined where there is no such map, or it has no keys. */
  static open(id: number): MapWalk | undefined {
    const map = openMap(id);
    if (map === undefined || map.keySize > 0) return map === undefined ? undefined : new MapWalk(id, map);
    closeFd(map.fd);
    return undefined;
  }

  /** Walks over so many keys more. Lost: it cannot be walked, or a key went away under the walk, and the kernel began anew. */
  step(keys: number): 'walking' | 'done' | 'lost' {
    for (let i = 0; i < keys; i++) {
      const result = Number(libbpf().bpf_map_get_next_key(this.map.fd, this.first === undefined ? null : this.key, this.next));
      if (result === enoent) return 'done';
      if (result < 0 || (this.first !== undefined && Buffer.compare(this.first, this.next) === 0)) return 'lost';
      this.first ??= this.next.slice();
      this.count++;
      [this.key, this.next] = [this.next, this.key];
    }
    return 'walking';
  }

  close(): void {
    closeFd(this.map.fd);
  }
}
