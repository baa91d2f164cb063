import type { ChangeEntry } from './change-log.ts';

const WORDS: Readonly<Record<string, string>> = {
  'policy-added': 'policy added', 'policy-changed': 'policy changed', 'policy-removed': 'policy removed', 'policy-seen': 'policy first seen', 'policy-revision': 'policies changed',
  'identity-changed': 'identity changed', 'identity-seen': 'new identity seen', 'endpoint-added': 'pod came', 'endpoint-removed': 'pod went', 'agent-started': 'agent started',
  'node-away': 'node away', 'node-back': 'node back', 'node-gone': 'node gone', 'node-added': 'node added', 'objects-broken': 'catalog broken',
};

/** What a change is, in a word or two. */
export function changeWord(entry: ChangeEntry): string {
  return WORDS[entry.kind] ?? entry.kind.replaceAll('-', ' ');
}

/** What it is about, and by whom as far as anybody says. */
export function changeText(entry: ChangeEntry): string {
  const revision = entry.revision > 0 ? ` rev ${entry.revision}` : '';
  const identity = entry.newIdentity > 0 ? ` ${entry.oldIdentity > 0 ? entry.oldIdentity : '?'} → ${entry.newIdentity}` : '';
  const who = entry.who === '' || entry.who === 'unknown' ? (entry.kind.startsWith('policy-') && !entry.isInferred ? ', by whom is not known' : '') : ` by ${entry.who}`;
  const detail = entry.detail === '' ? '' : ` (${entry.detail})`;
  return `${entry.subject}${revision}${identity}${who}${detail}${entry.isInferred && entry.kind.startsWith('policy-') ? ', concluded from flows' : ''}`;
}
