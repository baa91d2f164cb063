import { changeText, changeWord } from './change-words.ts';
import { isHole } from './figures.ts';
import { figuresOf, type State } from './state.ts';

/** Something at a moment that is worth a look: where time keys stop. */
export interface TimeEvent {
  timeMs: number;
  /** Where a gap ends. */
  untilMs?: number;
  kind: 'gap' | 'change' | 'begin' | 'end';
  text: string;
}

/** Pods come and go all the time: such a change is no place to stop at. */
const EVERYDAY = /^endpoint-/;

/** Gaps, changes, and beginnings and ends of incidents in all that is remembered, oldest first. */
export function timeEvents(state: State): TimeEvent[] {
  return [...gaps(state), ...changes(state), ...incidents(state)].sort((one, other) => one.timeMs - other.timeMs);
}

function gaps(state: State): TimeEvent[] {
  const ring = figuresOf(state);
  const found: TimeEvent[] = [];
  let beganAt = 0;
  for (const { second } of ring.stretches(ring.oldestSecond, ring.lastSecond)) {
    const isGap = isHole(ring, second);
    if (isGap && beganAt === 0) beganAt = second;
    if (isGap || beganAt === 0) continue;
    found.push(gap(beganAt, second));
    beganAt = 0;
  }
  if (beganAt > 0) found.push(gap(beganAt, ring.lastSecond));
  return found;
}

function gap(from: number, to: number): TimeEvent {
  return { timeMs: from * 1000, untilMs: to * 1000, kind: 'gap', text: `a gap of ${to - from} s: not everything was seen` };
}

function changes(state: State): TimeEvent[] {
  return state.changes.between(0, Infinity).filter(({ kind }) => !EVERYDAY.test(kind)).map((entry) => ({ timeMs: entry.timeMs, kind: 'change', text: `${changeWord(entry)} ${changeText(entry)}` }));
}

function incidents(state: State): TimeEvent[] {
  return state.incidents.list().filter(({ worst }) => worst.severity !== 'note').flatMap((incident): TimeEvent[] => {
    const what = `${incident.worst.word} ${incident.worst.subject}`;
    const begin: TimeEvent = { timeMs: incident.sinceMs, kind: 'begin', text: `${what} began` };
    return incident.isOpen ? [begin] : [begin, { timeMs: incident.lastMs, kind: 'end', text: `${what} was seen last` }];
  });
}
