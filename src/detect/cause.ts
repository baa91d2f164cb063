import { spanWords } from '../model/clock-text.ts';

/** Why drops may have begun: something that was seen to happen, and what speaks for it. */
export interface Cause {
  kind: 'policy' | 'identity' | 'pod' | 'server' | 'table' | 'gone';
  /** What happened, a sentence without its end. */
  text: string;
  /** What speaks for it, such as `time fits, 8 s`. */
  reason: string;
  /** Only where the refusal itself names it and nothing else fits. */
  isCertain: boolean;
  /** The drops were seen to begin after it; else they were there when we came, and it was before that. */
  isSeenToBegin: boolean;
  /** When it happened. */
  timeMs: number;
  /** Of a policy: which, and what was done to it; of an identity: the number. */
  policy?: { name: string; revision: number; who: string; kind: string; done: 'added' | 'changed' | 'removed' | 'seen' };
  identity?: number;
}

/** `time fits, 8 s`: so long before the first drop; a change told late, after it, is said to be so. */
export function timeFits(changeMs: number, firstDropMs: number): string {
  const ms = firstDropMs - changeMs;
  return ms < -500 ? `time fits, told ${spanWords(-ms)} after the first drop` : `time fits, ${ms < 500 ? 'under 1 s' : spanWords(ms)}`;
}
