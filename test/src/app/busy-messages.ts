// Not a test: what a client says while a cluster is busy, plain or with hostile text in every field.
import type { ClientMessage } from '../../../src/client/client-message.ts';
import { EVIL } from '../views/scenes.ts';
import { flowOf, framed, joined, reportOf, TALKS, type FakeTalk } from './fake-cluster.ts';

const HOSTILE: readonly FakeTalk[] = EVIL.map((evil, i): FakeTalk => ({
  from: `${evil}/${evil}`, to: `ns/${evil}${i}`, port: 80 + i, protocol: 6, perSecond: 5 + i, bytes: 1000, ...(i % 2 === 0 ? { drop: evil } : {}),
}));

/** Messages of `seconds` seconds that end now, a live connection first. */
export function busyMessages(seconds: number, { isHostile }: { isHostile: boolean } = { isHostile: false }): ClientMessage[] {
  const talks = isHostile ? HOSTILE : TALKS;
  const messages: ClientMessage[] = [{ type: 'connection', state: 'connecting' }, { type: 'connection', state: 'live' }, { type: 'flows-state', isOpen: true }];
  const startMs = Date.now() - seconds * 1000;
  for (let second = 0; second < seconds; second++) {
    const timeMs = startMs + second * 1000;
    const report = reportOf(second, timeMs, { talks });
    messages.push({ type: 'telemetry', report: isHostile ? { ...report, nodes: EVIL.map((name) => ({ name, state: `NODE_GONE ${name}`, message: name })) } : report });
    messages.push({ type: 'flows', bytes: joined(talks.map((talk) => framed({ ...flowOf(talk, timeMs), ...(isHostile ? { node_name: talk.from, Summary: talk.from, source_names: [talk.from] } : {}) }))) });
  }
  return messages;
}
