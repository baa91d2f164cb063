import type { MachineMap, MachineTables } from './machine-maps.ts';

/** Full enough to be told, as a share. */
const FULL_SHARE = 0.8;
/** Services that a sentence names. */
const NAMED_SERVICES = 5;

/** A map and what became of it between two moments. */
interface Pair {
  before: MachineMap;
  after: MachineMap;
}

/** How full a map is, 0 to 1; undefined where nobody knows how many entries it has. */
function fillOf({ entries, maxEntries }: Pick<MachineMap, 'entries' | 'maxEntries'>): number | undefined {
  return entries === undefined || maxEntries === 0 ? undefined : entries / maxEntries;
}

/** What changed between two moments, a sentence each, what is nearly full first. Maps that were made anew under their name are the same ones. */
export function diffWords(before: MachineTables, after: MachineTables, seconds: number): string[] {
  const { pairs, came, gone } = match(before.maps, after.maps);
  const grown = pairs.flatMap((pair) => growthWords(pair, seconds));
  return [
    ...pairs.flatMap(evictionWords),
    ...grown.sort((one, other) => other.weight - one.weight).map(({ words }) => words),
    ...conntrackWords(before, after),
    ...serviceWords(before.services, after.services),
    ...came.map((map) => `${mapText(map)} came${map.entries === undefined ? '' : ` with ${counted(map.entries)} of ${counted(map.maxEntries)} entries`}`),
    ...gone.map((map) => `${mapText(map)} is gone`),
  ];
}

function match(before: readonly MachineMap[], after: readonly MachineMap[]): { pairs: Pair[]; came: MachineMap[]; gone: MachineMap[] } {
  const left = new Map(before.map((map) => [map.id, map]));
  const pairs: Pair[] = [];
  const rest: MachineMap[] = [];
  for (const map of after) {
    const same = left.get(map.id);
    // ids are not used again before all others were
    if (same?.name === map.name && same.type === map.type) {
      pairs.push({ before: same, after: map });
      left.delete(map.id);
    } else rest.push(map);
  }
  const came = rest.filter((map) => {
    const same = [...left.values()].filter(({ name, type, maxEntries }) => name === map.name && type === map.type && maxEntries === map.maxEntries);
    const [one] = same;
    // of several of a name nobody can say which one it was
    if (one === undefined || same.length > 1 || rest.filter(({ name }) => name === map.name).length > 1) return true;
    left.delete(one.id);
    pairs.push({ before: one, after: map });
    return false;
  });
  return { pairs, came, gone: [...left.values()] };
}

function growthWords({ before, after }: Pair, seconds: number): { words: string; weight: number }[] {
  const fill = fillOf(after) ?? 0;
  if (before.entries === undefined || after.entries === undefined) return [];
  const grown = after.entries - before.entries;
  const isAnew = before.id !== after.id ? ', made anew,' : '';
  if (grown === 0 && fill < FULL_SHARE) return isAnew === '' ? [] : [{ words: `${mapText(after)} was made anew`, weight: 0 }];
  const left = grown > 0 && seconds > 0 && fill < 1 ? ((after.maxEntries - after.entries) * seconds) / grown : Infinity;
  const full = fill >= 1 ? ': it is full' : left < 3600 ? `: full in ${left < 120 ? `${Math.round(left)} s` : `${Math.round(left / 60)} min`} if it goes on so` : '';
  const moved = grown === 0 ? 'stayed as it was' : `${grown > 0 ? 'grew' : 'shrank'} by ${counted(Math.abs(grown))}`;
  return [{ words: `${mapText(after)}${isAnew} ${moved}, ${grown === 0 ? 'at' : 'to'} ${counted(after.entries)} of ${counted(after.maxEntries)} entries${full}`, weight: fill + (left < 3600 ? 1 : 0) }];
}

// what was pushed out had not ended: its next packet looks like one of nowhere
function evictionWords({ before, after }: Pair): string[] {
  const fresh = before.id === after.id && before.evicted !== undefined && after.evicted !== undefined ? after.evicted - before.evicted : 0;
  return fresh > 0 ? [`${mapText(after)} pushed out ${counted(fresh)} ${fresh === 1 ? 'entry that was' : 'entries that were'} in use`] : [];
}

function conntrackWords(before: MachineTables, after: MachineTables): string[] {
  return after.conntrack.flatMap((now, i) => {
    const then = before.conntrack[i];
    if (then === undefined) return [];
    const grown = now.entries - then.entries;
    const words = grown === 0 ? [] : [`the kernel's conntrack ${grown > 0 ? 'grew' : 'shrank'} by ${counted(Math.abs(grown))}, to ${counted(now.entries)} of ${counted(now.maxEntries)} connections`];
    const failed = [['refused', now.insertFailed - then.insertFailed], ['dropped', now.drop - then.drop], ['pushed out', now.earlyDrop - then.earlyDrop]] as const;
    return [...words, ...failed.flatMap(([what, count]) => (count > 0 ? [`the kernel's conntrack ${what} ${counted(count)} connection${count === 1 ? '' : 's'}`] : []))];
  });
}

function serviceWords(before: MachineTables['services'], after: MachineTables['services']): string[] {
  if (before === undefined || after === undefined) return [];
  const moved = [...after].flatMap(([address, now]) => {
    const old = before.get(address);
    return old === undefined || old === now ? [] : [{ address, old, now }];
  });
  const words = (verb: string, those: typeof moved): string[] => {
    if (those.length === 0) return [];
    const told = those.slice(0, NAMED_SERVICES).map(({ address, old, now }) => `${address} from ${old} to ${now}`);
    return [`${counted(those.length)} service${those.length === 1 ? '' : 's'} ${verb} a backend: ${told.join(', ')}${those.length > told.length ? ` and ${counted(those.length - told.length)} more` : ''}`];
  };
  return [...words('lost', moved.filter(({ old, now }) => now < old)), ...words('gained', moved.filter(({ old, now }) => now > old))];
}

function mapText({ name, id, type }: MachineMap): string {
  return `${name === '' ? 'a map without a name' : name} (${type}, id ${id})`;
}

function counted(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}
