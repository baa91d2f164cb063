// one table: every key of the dashboard, for the dispatcher, the footer, the help screen and the README
import type { Action } from '../model/messages.ts';

/** Where a key is listed in the help. */
export type KeyGroup = 'views' | 'pivot' | 'list' | 'time' | 'take' | 'look';

/** One thing keys can do. */
export interface KeyBinding {
  /** Names as the input decoder gives them. */
  keys: readonly string[];
  action: Action;
  /** What the help says it does. */
  label: string;
  /** A word for the footer; absent = not in the footer. */
  footer?: string;
  group: KeyGroup;
  /** What the help says of this key and the next in one line: room is short. */
  withNext?: string;
}

const BINDINGS: readonly KeyBinding[] = [
  { keys: ['?'], action: 'help', label: 'this help, and back', group: 'views' },
  { keys: ['tab'], action: 'panel-next', label: 'next panel', footer: 'panel', group: 'views' },
  { keys: ['S-tab'], action: 'panel-previous', label: 'previous panel', group: 'views' },
  { keys: ['z'], action: 'maximise', label: 'only this panel, and back', footer: 'maximise', group: 'views' },
  { keys: ['enter'], action: 'enter', label: 'flows of a row; whole flow', footer: 'explain', group: 'views' },
  { keys: ['escape'], action: 'back', label: 'close what is open', footer: 'close', group: 'views' },
  { keys: [':'], action: 'palette', label: 'find anything by name', footer: 'find', group: 'views' },
  { keys: ['q'], action: 'quit', label: 'quit', footer: 'quit', group: 'views' },
  { keys: ['Q'], action: 'quit-keep', label: 'quit, leave the screen behind', group: 'views' },
  { keys: ['p'], action: 'source-pod', label: 'only this source pod', footer: 'pod', group: 'pivot' },
  { keys: ['P'], action: 'destination-pod', label: 'only this destination pod', group: 'pivot' },
  { keys: ['w'], action: 'source-workload', label: 'only this source workload', footer: 'workload', group: 'pivot' },
  { keys: ['W'], action: 'destination-workload', label: 'only this dest. workload', group: 'pivot' },
  { keys: ['n'], action: 'source-namespace', label: 'only this source namespace', footer: 'ns', group: 'pivot' },
  { keys: ['N'], action: 'destination-namespace', label: 'only this dest. namespace', group: 'pivot' },
  { keys: ['v'], action: 'verdict', label: 'verdict: this, the next, all', footer: 'verdict', group: 'pivot' },
  { keys: ['o'], action: 'protocol', label: 'protocol: this, next, all', footer: 'proto', group: 'pivot' },
  { keys: ['d'], action: 'drop-reason', label: 'only this drop reason', footer: 'reason', group: 'pivot' },
  { keys: ['#'], action: 'port', label: 'only this destination port', footer: 'port', group: 'pivot' },
  { keys: ['@'], action: 'node', label: 'only this node', group: 'pivot' },
  { keys: ['+'], action: 'only', label: 'only the value in this column', group: 'pivot' },
  { keys: ['-'], action: 'not', label: 'not the value in this column', group: 'pivot' },
  { keys: ['/'], action: 'filter', label: 'filter: type it', footer: 'filter', group: 'pivot' },
  { keys: ['b'], action: 'undo', label: 'filter: one step back', group: 'pivot' },
  { keys: ['x'], action: 'clear', label: 'filter: clear all', group: 'pivot' },
  { keys: ['k', 'up'], action: 'up', label: 'up; in flows it pauses', group: 'list' },
  { keys: ['j', 'down'], action: 'down', label: 'down', group: 'list' },
  { keys: ['h', 'left'], action: 'column-left', label: 'column to the left', group: 'list' },
  { keys: ['l', 'right'], action: 'column-right', label: 'column to the right', group: 'list' },
  { keys: ['pageup'], action: 'page-up', label: 'page up', group: 'list' },
  { keys: ['pagedown'], action: 'page-down', label: 'page down', group: 'list' },
  { keys: ['C-u'], action: 'half-up', label: 'half a page up', group: 'list' },
  { keys: ['C-d'], action: 'half-down', label: 'half a page down', group: 'list' },
  { keys: ['g', 'home'], action: 'first', label: 'first row', group: 'list' },
  { keys: ['G', 'end'], action: 'last', label: 'last row; in flows: live', group: 'list' },
  { keys: ['s'], action: 'sort', label: 'sort by the next column', footer: 'sort', group: 'list' },
  { keys: ['r'], action: 'reverse', label: 'sort the other way round', footer: 'reverse', group: 'list' },
  { keys: ['a'], action: 'group', label: 'rows: workload, ns, node, pod', footer: 'group', group: 'list' },
  { keys: ['H'], action: 'chart', label: 'bars, heatmap', footer: 'chart', group: 'list' },
  { keys: ['f'], action: 'follow', label: 'connection; in map: focus', footer: 'follow', group: 'list' },
  { keys: ['B'], action: 'noise', label: 'hide what is usual, and back', footer: 'benign', group: 'list' },
  { keys: ['space'], action: 'pause', label: 'pause, go on; play a file', footer: 'pause', group: 'time' },
  { keys: ['['], action: 'time-back', label: 'a step back (pauses)', footer: 'back', group: 'time', withNext: 'a step back, forward' },
  { keys: [']'], action: 'time-forward', label: 'a step forward', footer: 'forward', group: 'time' },
  { keys: ['{'], action: 'event-previous', label: 'to trouble or change before', group: 'time', withNext: 'trouble, change, gap: go to' },
  { keys: ['}'], action: 'event-next', label: 'to the next of them', footer: 'next event', group: 'time' },
  { keys: ['<'], action: 'zoom-out', label: 'longer window', group: 'time', withNext: 'longer, shorter window' },
  { keys: ['>'], action: 'zoom-in', label: 'shorter window', group: 'time' },
  { keys: ['t'], action: 'window', label: 'window: 30 s to 1 h', footer: 'window', group: 'time' },
  { keys: ['m'], action: 'mark', label: 'mark this moment by a letter', group: 'time', withNext: 'mark a moment, go to a mark' },
  { keys: ["'"], action: 'jump', label: 'go to the mark of a letter', group: 'time' },
  { keys: ['y'], action: 'copy', label: 'copy it, or what to type next', footer: 'copy', group: 'take' },
  { keys: ['c'], action: 'copy-hubble', label: 'filter as hubble observe line', footer: 'hubble', group: 'take' },
  { keys: ['e'], action: 'export', label: 'incident, into a file', footer: 'export', group: 'take' },
  { keys: ['E'], action: 'rule', label: 'least allow rule, into a file', footer: 'rule', group: 'take' },
  { keys: ['S'], action: 'record', label: 'record to a file, and stop', footer: 'record', group: 'take' },
  { keys: ['J'], action: 'json', label: 'raw JSON of a flow', footer: 'json', group: 'take' },
  { keys: ['R'], action: 'reveal', label: 'show query strings, and hide', footer: 'reveal', group: 'look' },
  { keys: ['T'], action: 'theme', label: 'next theme', group: 'look' },
  { keys: ['A'], action: 'ascii', label: 'ASCII, and back', group: 'look' },
  { keys: ['i'], action: 'addresses', label: 'flows: IPs, identities; names', footer: 'IPs', group: 'look' },
  { keys: ['u'], action: 'units', label: 'volume in bits, in bytes', footer: 'units', group: 'look' },
  { keys: ['C-l'], action: 'redraw', label: 'draw everything again', group: 'look' },
];

/** What the keymap and the help need to know of a view. */
export interface ViewName {
  id: string;
  title: string;
  /** Title where room is short. */
  short: string;
  /** Key that opens it; absent for the help, which has its own. */
  digit?: string;
}

/** All keys: the digit of each view, then the table above. */
export function keymap(views: readonly ViewName[]): KeyBinding[] {
  const digits = views.flatMap((view): KeyBinding[] => (view.digit === undefined ? [] : [{ keys: [view.digit], action: `view-${view.id}`, label: view.title, group: 'views' }]));
  return [...digits, ...BINDINGS];
}

/** What a key does; undefined = nothing. */
export function actionOfKey(bindings: readonly KeyBinding[], key: string): Action | undefined {
  return bindings.find((binding) => binding.keys.includes(key))?.action;
}

const KEY_NAMES: Readonly<Record<string, string>> = {
  up: '↑', down: '↓', left: '←', right: '→', enter: 'Enter', escape: 'Esc', tab: 'Tab', 'S-tab': 'S-Tab', space: 'Space', pageup: 'PgUp', pagedown: 'PgDn', home: 'Home', end: 'End',
};

/** A key as people write it. */
export function keyName(key: string): string {
  return KEY_NAMES[key] ?? key.replace(/^C-/, '^');
}

const GROUP_TITLES: Readonly<Record<KeyGroup, string>> = { views: 'views', pivot: 'pivot: adds a filter chip', list: 'list', time: 'time', take: 'take away', look: 'look' };

/** The key table as Markdown: the README has it between two marks, and a test compares. */
export function keysMarkdown(bindings: readonly KeyBinding[]): string {
  const groups = Object.keys(GROUP_TITLES) as KeyGroup[];
  const rows = groups.flatMap((group) => bindings.filter((binding) => binding.group === group).map((binding, i) => (
    `| ${i === 0 ? GROUP_TITLES[group] : ''} | ${binding.keys.map((key) => `\`${keyName(key)}\``).join(' ')} | ${binding.label} |`
  )));
  return ['| | key | does |', '|---|---|---|', ...rows, ''].join('\n');
}
