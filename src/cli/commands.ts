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
  { name: 'dashboard', summary: 'The dashboard, on a relay or a single agent (the default)', load: async () => (await import('./dashboard.ts')).dashboard },
  { name: 'demo', summary: 'A simulated cluster in this process, and the dashboard on it', load: async () => (await import('./demo.ts')).demo },
  { name: 'lab', summary: 'A pocket cluster of network namespaces, and the dashboard on it (root)', load: async () => (await import('./lab.ts')).lab },
  { name: 'lab-pod', summary: 'The process inside a pod of the lab', isHidden: true, load: async () => (await import('./lab-pod.ts')).labPod },
  { name: 'agent', summary: 'The node agent (root)', load: async () => (await import('./agent.ts')).agent },
  { name: 'relay', summary: 'Joins agents', load: async () => (await import('./relay.ts')).relay },
  { name: 'observe', summary: 'Print flows, as hubble does', load: async () => (await import('./observe.ts')).observe },
  { name: 'record', summary: 'Save what is seen to a file', load: async () => (await import('./record.ts')).record },
  { name: 'replay', summary: 'The dashboard on a recorded file', load: async () => (await import('./replay.ts')).replay },
  { name: 'status', summary: 'Is the server well, and how much has it seen', load: async () => (await import('./status.ts')).status },
  { name: 'list', summary: 'Nodes behind a relay, or namespaces seen in flows', load: async () => (await import('./list.ts')).list },
  { name: 'watch', summary: 'The nodes an agent knows, and every change', load: async () => (await import('./watch.ts')).watch },
  { name: 'what-if', summary: 'Recorded flows judged under edited policies', load: async () => (await import('./what-if.ts')).whatIf },
  { name: 'check', summary: 'Does the network keep to conditions: an exit code for scripts', load: async () => (await import('./check.ts')).check },
  { name: 'doctor', summary: 'What this machine allows the agent, and what to do (root)', load: async () => (await import('./doctor.ts')).doctor },
  { name: 'maps', summary: 'Every BPF map of this machine, snapshots, and what changed (root)', load: async () => (await import('./maps.ts')).maps },
  { name: 'config', summary: 'The connection settings kept in a file, shared with hubble', load: async () => (await import('./config.ts')).config },
  { name: 'views', summary: 'List the views, id first', load: async () => (await import('./views.ts')).views },
  { name: 'version', summary: 'Print the version', load: async () => (await import('./version.ts')).version },
];

/** What runs when no command is named. */
export const defaultCommand = 'dashboard';
