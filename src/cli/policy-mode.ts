import type { PolicyMode } from '../../agent/decode/kernel.ts';
import { UsageError } from './command.ts';

/** What is done with connections that policies deny, from `--mode`. */
export function readMode(text: string): PolicyMode {
  if (text === 'observe' || text === 'audit' || text === 'enforce') return text;
  throw new UsageError(`invalid argument "${text}" for "--mode" flag: expected observe, audit or enforce`);
}
