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
  { name: 'observe', summary: 'Print flows, as hubble does', load: async () => (await import('./observe.ts')).observe },
  { name: 'status', summary: 'Is the server well, and how much has it seen', load: async () => (await import('./status.ts')).status },
  { name: 'list', summary: 'Nodes behind a relay, or namespaces seen in flows', load: async () => (await import('./list.ts')).list },
  { name: 'watch', summary: 'The nodes an agent knows, and every change', load: async () => (await import('./watch.ts')).watch },
  { name: 'version', summary: 'Print the version', load: async () => (await import('./version.ts')).version },
];

/** What runs when no command is named. */
export const defaultCommand = 'dashboard';
