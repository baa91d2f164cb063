/** Growth is told over this long at most, from so long on, out of readings this far apart. */
const WINDOW_NS = 60e9;
const LEAST_NS = 10e9;
const STEP_NS = 5e9;
/** Maps that are watched; of others no growth is told. */
const MAX_MAPS = 4_096;

interface Reading {
  timeNs: bigint;
  entries: number;
}

/** How a map's entries moved. */
export interface Growth {
  perMinute: number;
  windowNs: number;
}

/** Remembers how full maps were, a minute back. */
export class MapGrowth {
  private readonly maps = new Map<number, Reading[]>();

  /** Notes the entries of a map now and says how they moved; undefined while nothing is old enough to compare with. */
  take(id: number, entries: number, timeNs: bigint): Growth | undefined {
    const readings = this.maps.get(id) ?? [];
    if (readings.length === 0 && this.maps.size >= MAX_MAPS) return undefined;
    while (readings[0] !== undefined && Number(timeNs - readings[0].timeNs) > WINDOW_NS) readings.shift();
    const [oldest] = readings;
    const newest = readings.at(-1);
    if (newest === undefined || Number(timeNs - newest.timeNs) >= STEP_NS) readings.push({ timeNs, entries });
    this.maps.set(id, readings);
    const windowNs = oldest === undefined ? 0 : Number(timeNs - oldest.timeNs);
    return oldest === undefined || windowNs < LEAST_NS ? undefined : { perMinute: Math.round(((entries - oldest.entries) * 60e9) / windowNs), windowNs };
  }

  /** Forgets the maps that are gone: their numbers may be used again. */
  keep(ids: ReadonlySet<number>): void {
    for (const id of this.maps.keys()) if (!ids.has(id)) this.maps.delete(id);
  }
}
