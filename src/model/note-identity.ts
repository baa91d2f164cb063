import type { State } from './state.ts';

/** How long a stream has to run before what is new in it is news. */
const SETTLED_MS = 60_000;

/** Notes the identity of a party; of one that is new to a known party where nobody reports changes, the log of changes tells. */
export function noteIdentity(state: State, seen: { party: number; identity: number; timeMs: number }): void {
  const before = state.identities.note(seen.party, seen.identity, seen.timeMs);
  if (before === undefined || state.telemetry === 'present' || seen.timeMs < state.flows.openedMs + SETTLED_MS) return;
  state.changes.add({
    timeMs: seen.timeMs, node: '', kind: 'identity-seen', subject: state.directory.partyAt(seen.party).name, detail: '', who: '', revision: 0,
    oldIdentity: before.at(-1)?.identity ?? 0, newIdentity: seen.identity, isInferred: true,
  });
}
