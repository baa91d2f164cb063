import { LineGate } from '../lib/line-gate.ts';
import type { CommandContext } from './command.ts';

/** A log on stderr for what runs for weeks: a thing that fails ten times a second is told a few times an hour. */
export function boundedLog(context: Pick<CommandContext, 'printError'>, prefix: string): (line: string) => void {
  const gate = new LineGate();
  return (line) => {
    const admitted = gate.admit(line, performance.now());
    if (admitted !== undefined) context.printError(`${prefix}${admitted}`);
  };
}
