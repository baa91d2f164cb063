import { CHIP_FIELDS, chipText, MAX_CHIPS, withChip, type Chip, type ChipField } from './chips.ts';

/** What a typed filter means, or the first thing that is wrong with it. */
export type ParsedChips = { ok: true; chips: Chip[] } | { ok: false; error: string };

/** Words people type for fields. */
const ALIASES: Readonly<Record<string, ChipField>> = { reason: 'drop-reason', flags: 'tcp-flags', proto: 'protocol', from: 'from-workload', to: 'to-workload', 'from-ns': 'from-namespace', 'to-ns': 'to-namespace', path: 'http-path', method: 'http-method', status: 'http-status', name: 'dns-query', query: 'dns-query' };

/** Reads a filter as it stands on the filter line: `field=value !field=value`, parted by spaces. */
export function parseChips(text: string): ParsedChips {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length > MAX_CHIPS) return { ok: false, error: `a filter has at most ${MAX_CHIPS} conditions` };
  let chips: Chip[] = [];
  for (const word of words) {
    const chip = parseChip(word);
    if (typeof chip === 'string') return { ok: false, error: chip };
    chips = withChip(chips, chip);
  }
  return { ok: true, chips };
}

/** One condition; a sentence where it is none. */
export function parseChip(word: string): Chip | string {
  const parts = /^(!?)([a-z0-9-]+)=(.*)$/.exec(word);
  if (parts === null) return `"${word}" is no condition: write field=value, such as verdict=DROPPED`;
  const [, not = '', name = '', value = ''] = parts;
  const field = ALIASES[name] ?? CHIP_FIELDS.find((known) => known === name);
  if (field === undefined) return `there is no field "${name}": ${CHIP_FIELDS.join(' ')}`;
  if (value === '') return `${name}= needs a value`;
  const status = field === 'http-status' ? statusValue(value) : value;
  if (status === undefined) return `http-status is a code or a class: 503, 5xx, not "${value}"`;
  if (field === 'http-status') return { field, value: status, isNegated: not === '!' };
  return { field, value: field === 'verdict' ? value.toUpperCase() : value, isNegated: not === '!' };
}

// 5xx is what people say; a relay reads 5+
function statusValue(value: string): string | undefined {
  const text = value.toLowerCase().replace(/x{1,2}$/, '+');
  return /^[1-5](?:\d\d|\d?\+)$/.test(text) ? text : undefined;
}

/** A filter as text that parseChips reads back. */
export function chipsText(chips: readonly Chip[]): string {
  return chips.map((chip) => `${chipText(chip)} `).join('');
}
