import type { MapRow } from '../decode/kernel.ts';
import { mapTypeName } from './bpf-map.ts';

/** Rows of the map iterator's text (`id type max entries name` a line, `-` for a count the kernel cannot give). */
export function parseMapRows(text: string, isOwn: (id: number) => boolean): MapRow[] {
  return text.split('\n').flatMap((line) => {
    const [id, type, maxEntries, entries, ...name] = line.trim().split(/\s+/);
    if (id === undefined || type === undefined || maxEntries === undefined || !/^\d+$/.test(id)) return [];
    const row: MapRow = {
      id: Number(id),
      name: name.join(' '),
      type: /^\d+$/.test(type) ? mapTypeName(Number(type)) : type,
      maxEntries: Number(maxEntries),
      isOwn: isOwn(Number(id)),
    };
    if (entries !== undefined && /^\d+$/.test(entries)) row.entries = Number(entries);
    return [row];
  });
}
