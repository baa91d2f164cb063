import { closeSync, openSync, writeFileSync } from 'node:fs';
import { scrub } from '../lib/scrub.ts';
import type { Effect } from '../model/effects.ts';

/** Files of one stem in a folder that are counted up to. */
const MAX_NAMESAKES = 1_000;

/** Does what the model asks of the world and gives the sentence for the status line; never throws. */
export function runEffect(effect: Exclude<Effect, { type: 'record' }>, copyText: (text: string) => string): string {
  if (effect.type === 'copy') return `${copyText(effect.text)}: ${effect.what}`;
  try {
    return `${effect.what} is in ${writeNew(effect)}`;
  } catch (error) {
    return `cannot write ${effect.what} here: ${scrub(error instanceof Error ? error.message : String(error), 120)}`;
  }
}

// never over a file that is there: the name is counted up
function writeNew({ stem, ending, text }: Effect & { type: 'write' }): string {
  const safe = stem.replaceAll(/[^\w.-]+/g, '-').replace(/^[-.]+/, '').slice(0, 120) || 'hubtop';
  for (let count = 1; count <= MAX_NAMESAKES; count++) {
    const name = `${safe}${count === 1 ? '' : `-${count}`}${ending}`;
    const file = openNew(name);
    if (file === undefined) continue;
    try {
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
    return name;
  }
  throw new Error(`${safe}${ending} and ${MAX_NAMESAKES - 1} more of that name are there already`);
}

function openNew(name: string): number | undefined {
  try {
    return openSync(name, 'wx', 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}
