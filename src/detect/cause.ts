/** Why drops may have begun: something that was seen to happen, and what speaks for it. */
export interface Cause {
  kind: 'policy' | 'identity' | 'pod' | 'server' | 'table' | 'gone';
  /** What happened, a sentence without its end. */
  text: string;
  /** What speaks for it, such as `time fits: 8 s before the first drop`. */
  reason: string;
  /** Only where the refusal itself names it and nothing else fits. */
  isCertain: boolean;
  /** When it happened. */
  timeMs: number;
  /** Of a policy: its name and revision; of an identity: the number. */
  policy?: { name: string; revision: number; who: string; kind: string };
  identity?: number;
}

/** `8 s before the first drop`; a change told late, after the first drop, is said to be so. */
export function timeFits(changeMs: number, firstDropMs: number): string {
  const seconds = Math.round((firstDropMs - changeMs) / 1000);
  if (seconds < 0) return `time fits: ${-seconds} s after the first drop was seen`;
  return `time fits: ${seconds === 0 ? 'less than a second' : seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`} before the first drop`;
}
