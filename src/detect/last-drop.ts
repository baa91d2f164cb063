import type { Figures } from '../model/figures.ts';
import { figuresOf, type State } from '../model/state.ts';

/** The second of a window in which drops of a key were seen last, in ms; undefined if there was none. */
export function lastDropMs(state: State, now: Pick<Figures, 'fromSecond' | 'toSecond'>, key: number): number | undefined {
  const ring = figuresOf(state);
  for (let second = now.toSecond - 1; second >= now.fromSecond; second--) if ((ring.peek(second)?.drops.get(key) ?? 0) > 0) return second * 1000;
  return undefined;
}

