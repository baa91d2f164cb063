import { go } from 'fuzzysort';
import { parseChip } from '../model/chip-words.ts';
import { CHIP_FIELDS, chipText, PROTOCOL_CHIPS, VERDICT_CHIPS, withChip, type Chip, type ChipField } from '../model/chips.ts';
import { httpPath } from '../model/l7-routes.ts';
import type { Action } from '../model/messages.ts';
import type { State } from '../model/state.ts';
import { keyName, keymap } from '../screen/keymap.ts';
import { VIEWS } from './view-list.ts';

/** Something a prompt offers. */
export interface Proposal {
  text: string;
  /** What it is or does, in a few words. */
  note: string;
  /** Key that does the same, so that people learn it. */
  key: string;
  /** What Tab makes of the typed text. */
  completion?: string;
  action?: Action;
  /** The filter it sets. */
  chips?: readonly Chip[];
}

/** Proposals at most: what does not fit a screen nobody chooses. */
const MAX_PROPOSALS = 20;
/** Names offered of each kind: the rest is found by typing more of it. */
const MAX_NAMES = 2_000;
const THRESHOLD = 0.3;

/** What the open prompt offers for its text, best first. */
export function proposals(state: State): Proposal[] {
  const { prompt } = state;
  if (prompt === undefined) return [];
  return prompt.kind === 'filter' ? filterProposals(state, prompt.text.slice(0, prompt.at)) : best(paletteEntries(state), prompt.text);
}

function best(entries: readonly Proposal[], text: string): Proposal[] {
  if (text.trim() === '') return entries.slice(0, MAX_PROPOSALS);
  const places = new Map(entries.map((entry, i) => [entry, i]));
  const found = go(text, entries, { keys: ['text', 'note'], threshold: THRESHOLD });
  // equals in our order: the same text must always choose the same
  return found.toSorted((one, other) => other.score - one.score || (places.get(one.obj) ?? 0) - (places.get(other.obj) ?? 0)).slice(0, MAX_PROPOSALS).map(({ obj }) => obj);
}

// every key of the keymap, then everybody and everything there is a filter for
function paletteEntries(state: State): Proposal[] {
  const actions = keymap(VIEWS).map((binding): Proposal => ({ text: binding.label, note: binding.group === 'views' ? 'view' : binding.group, key: binding.keys.map(keyName).join(' '), action: binding.action }));
  return [...actions, ...names(state).map(({ field, value }): Proposal => {
    const chip: Chip = { field, value, isNegated: false };
    return { text: value, note: `only ${field}`, key: '', chips: withChip(state.chips, chip) };
  })];
}

function names(state: State): { field: ChipField; value: string }[] {
  const parties = state.directory.allParties().filter((party) => party.name !== '(other)').slice(-MAX_NAMES);
  const namespaces = [...new Set(parties.map((party) => party.namespace))].filter((name) => name !== '');
  return [
    ...parties.flatMap(({ name }) => [{ field: 'from-workload' as const, value: name }, { field: 'to-workload' as const, value: name }]),
    ...namespaces.flatMap((name) => [{ field: 'from-namespace' as const, value: name }, { field: 'to-namespace' as const, value: name }]),
    ...[...state.nodes.keys()].slice(0, MAX_NAMES).map((value) => ({ field: 'node' as const, value })),
    ...state.directory.allReasons().map((value) => ({ field: 'drop-reason' as const, value })),
  ];
}

function filterProposals(state: State, typed: string): Proposal[] {
  const word = typed.slice(typed.search(/\S*$/));
  const before = typed.slice(0, typed.length - word.length);
  const not = word.startsWith('!') ? '!' : '';
  const equals = word.indexOf('=');
  if (equals < 0) {
    const fields = CHIP_FIELDS.map((field): Proposal => ({ text: `${not}${field}=`, note: FIELD_NOTES[field], key: '', completion: `${before}${not}${field}=` }));
    return best(fields, word.slice(not.length));
  }
  const field = CHIP_FIELDS.find((known) => known === word.slice(not.length, equals));
  if (field === undefined) return [];
  return best(valuesOf(state, field).map((value): Proposal => {
    const text = chipText({ field, value, isNegated: not !== '' });
    return { text, note: '', key: '', completion: `${before}${text} ` };
  }), word.slice(equals + 1));
}

function valuesOf(state: State, field: ChipField): string[] {
  if (field === 'verdict') return VERDICT_CHIPS.map(({ name }) => name);
  if (field === 'protocol') return [...PROTOCOL_CHIPS];
  if (field === 'tcp-flags') return ['RST'];
  if (field === 'http-method') return [...METHODS];
  if (field === 'http-status') return ['5xx', '4xx', '500', '502', '503', '504'];
  if (field === 'http-path') return [...new Set(state.l7.routes.list().filter(({ protocol, path }) => protocol !== 'Kafka' && !path.startsWith('(')).map(httpPath))].slice(0, MAX_NAMES);
  if (field === 'dns-query') return state.dns.names.list().slice(0, MAX_NAMES);
  return names(state).filter((name) => name.field === field).map(({ value }) => value);
}

const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

const FIELD_NOTES: Readonly<Record<ChipField, string>> = {
  'from-pod': 'client pod, ns/name or its beginning', 'to-pod': 'server pod', 'from-workload': 'client workload, ns/name', 'to-workload': 'server workload',
  'from-namespace': 'client namespace', 'to-namespace': 'server namespace', verdict: 'DROPPED FORWARDED AUDIT ERROR REDIRECTED', protocol: PROTOCOL_CHIPS.join(' '),
  'drop-reason': 'why it was dropped', port: 'server port', node: 'node that saw it', 'tcp-flags': 'RST',
  'http-method': METHODS.join(' '), 'http-path': 'path of a route, {id} for any part', 'http-status': '503, 5xx', 'dns-query': 'name that is looked up',
};

/** Whether each word of a typed filter is a condition: what the prompt colours. */
export function wordsOf(text: string): { word: string; isGood: boolean }[] {
  return text.split(/(\s+)/).filter((word) => word !== '').map((word) => ({ word, isGood: word.trim() === '' || typeof parseChip(word) !== 'string' }));
}
