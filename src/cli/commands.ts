import type { Command } from './command.ts';

/** One command of the list: what the overview shows, and where the rest is. */
export interface CommandEntry {
  name: string;
  summary: string;
  isHidden?: boolean;
  load(): Promise<Command>;
}

/** Every command. A new one is a file and a line here. */
export const commands: readonly CommandEntry[] = [
  { name: 'version', summary: 'Print the version', load: async () => (await import('./version.ts')).version },
];

/** What runs when no command is named. */
export const defaultCommand = 'dashboard';
