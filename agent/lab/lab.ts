import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PolicyMode } from '../decode/kernel.ts';
import { type YamlValue, yamlText } from '../../src/lib/yaml-text.ts';
import { waitForStatus, type ServerFigures } from './agent-status.ts';
import { createCgroups, inCgroup, labCgroup, nodeCgroup } from './lab-cgroups.ts';
import { planLab, type LabNode, type LabPlan } from './lab-plan.ts';
import { cleanLabs, folderPrefix, removeLab, saveState, type LabState } from './lab-state.ts';
import { pinFolderOf } from '../kernel/pin-folder.ts';
import { createNamespaces, disableOffloads, inNamespace } from './namespace.ts';
import { markOf, startProcess, stopProcesses, type LabProcess } from './processes.ts';
import { LabError } from './run-tool.ts';

/** A program that loads eBPF on a busy machine may take so long. */
const agentSeconds = 30;

/** How a lab is made. */
export interface LabOptions {
  /** This program, as in [node, dist/hubtop.js]: agents and pods are started from it. */
  program: readonly string[];
  /** Letters and digits; drawn from the process number otherwise. */
  id?: string;
  /** False: one skb is one wire segment. */
  hasOffloads?: boolean;
  /** False: pods and their traffic only. */
  hasAgents?: boolean;
  /** What this machine allows only in part, one line each. */
  onWarning?: (line: string) => void;
  /** What its agents do with connections that policies deny; default enforce. */
  mode?: PolicyMode;
  /** More flags for each agent. */
  agentFlags?: readonly string[];
  /** Gives up waiting; what was made by then is removed. */
  signal?: AbortSignal;
  /** Called when the agents watch and before the first packet of a pod. */
  beforeTraffic?: (agents: readonly LabAgent[], plan: LabPlan) => Promise<void>;
}

/** A node's agent: where it answers. */
export interface LabAgent {
  node: string;
  /** unix:// address. */
  address: string;
}

/** A running lab. */
export interface Lab {
  plan: LabPlan;
  agents: LabAgent[];
  /** File with the Kubernetes objects of everything in it. */
  objectsPath: string;
  /** Resolves when every agent has seen a flow and, given its address, a relay has all of them. */
  flowsArrive(relayAddress?: string): Promise<void>;
  /** Lets the pods fall silent, agents go on. */
  stopTraffic(): Promise<void>;
  /** Throws a LabError that says which process ended, and what it said. */
  check(): void;
  /** Removes everything the lab made. */
  close(): Promise<void>;
}

/** Makes two nodes and their pods out of network namespaces, with an agent process in each node. Needs root and the bundle. */
export async function startLab(options: LabOptions): Promise<Lab> {
  if (process.getuid?.() !== 0) throw new LabError('the lab makes network namespaces: run it as root');
  await cleanLabs();
  const id = options.id ?? (process.pid % 1_000_000).toString(36);
  const cgroup = options.hasAgents === false ? undefined : labCgroup(id);
  const plan = planLab(id, { hasServices: cgroup !== undefined });
  const folder = mkdtempSync(folderPrefix);
  const owner = markOf(process.pid);
  if (owner === undefined) throw new LabError('cannot read /proc: is it mounted?');
  const state: LabState = { id: plan.id, owner, namespaces: [...plan.nodes, ...plan.pods].map(({ netns }) => netns), processes: [], folder };
  saveState(state);
  try {
    return await buildLab({ plan, state, cgroup }, options);
  } catch (error) {
    await removeLab(state);
    throw error;
  }
}

interface Parts {
  plan: LabPlan;
  state: LabState;
  /** Where the pods' sockets can be watched. */
  cgroup: string | undefined;
}

async function buildLab({ plan, state, cgroup }: Parts, options: LabOptions): Promise<Lab> {
  if (cgroup !== undefined) createCgroups(cgroup, plan);
  else if (options.hasAgents !== false) options.onWarning?.('no cgroup v2 is mounted for writing: pods ask for no service (mount -t cgroup2 none /sys/fs/cgroup/unified)');
  const objectsPath = objectsPathOf(state);
  writeFileSync(objectsPath, plan.objects.map((object) => yamlText(object as YamlValue)).join('---\n'));
  await createNamespaces(plan);
  if (options.hasOffloads === false) await disableOffloads(plan);
  const agents = options.hasAgents === false ? [] : plan.nodes.map((node) => ({ node: node.name, address: `unix://${socketPath(state, node)}` }));
  const processes: LabProcess[] = [];
  const start = (name: string, command: readonly string[]): LabProcess => {
    const started = startProcess(name, command);
    processes.push(started);
    state.processes.push(started.mark);
    return started;
  };
  if (agents.length > 0) for (const node of plan.nodes) start(`agent of ${node.name}`, inNamespace(node.netns, [...options.program, ...agentArgs(node, { state, cgroup }, options)]));
  saveState(state);
  const check = (): void => { checkProcesses(processes); };
  const wait = (what: string, isGood: (figures: ServerFigures) => boolean): Promise<unknown> => Promise.all(agents.map(({ node, address }) =>
    waitForStatus(address, { what: `${what} of ${node}`, seconds: agentSeconds, isGood, check, signal: options.signal })));
  // Agents first: they shall see the first packet of every connection.
  await wait('agent', () => true);
  await options.beforeTraffic?.(agents, plan);
  const pods = plan.pods.map((pod) => {
    const command = inNamespace(pod.netns, [...options.program, 'lab-pod', JSON.stringify(pod.roles)]);
    return start(`pod ${pod.namespace}/${pod.name}`, cgroup === undefined ? command : inCgroup(cgroup, pod, command));
  });
  saveState(state);
  let closing: Promise<void> | undefined;
  return {
    plan, agents, objectsPath, check,
    flowsArrive: async (relayAddress) => {
      await wait('flows', ({ seenFlows }) => seenFlows > 0);
      if (relayAddress === undefined) return;
      await waitForStatus(relayAddress, { what: 'all nodes', seconds: agentSeconds, isGood: ({ connectedNodes }) => connectedNodes === agents.length, check, signal: options.signal });
    },
    stopTraffic: () => stopProcesses(pods.map(({ mark }) => mark)),
    close: () => closing ??= removeLab(state),
  };
}

function socketPath(state: LabState, node: LabNode): string {
  return join(state.folder, `${node.name}.sock`);
}

function objectsPathOf(state: LabState): string {
  return join(state.folder, 'objects.yaml');
}

function agentArgs(node: LabNode, { state, cgroup }: Omit<Parts, 'plan'>, options: LabOptions): string[] {
  const sockets = cgroup === undefined ? [] : ['--cgroup', nodeCgroup(cgroup, node), '--services', 'translate'];
  return ['agent', '--objects', objectsPathOf(state), '--socket', socketPath(state, node), '--listen', 'none', '--node-name', node.name, '--mode', options.mode ?? 'enforce', '--pin-folder', pinFolderOf(node.netns), ...sockets, ...(options.agentFlags ?? [])];
}

function checkProcesses(processes: readonly LabProcess[]): void {
  const ended = processes.find((candidate) => candidate.hasEnded());
  if (ended !== undefined) throw new LabError(`${ended.name} ended: ${ended.complaint().split('\n')[0] || 'it said nothing'}`);
}
