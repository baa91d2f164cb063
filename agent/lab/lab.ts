import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { planLab, type LabNode, type LabPlan } from './lab-plan.ts';
import { cleanLabs, removeLab, saveState, type LabState } from './lab-state.ts';
import { createNamespaces, disableOffloads, inNamespace } from './namespace.ts';
import { markOf, startProcess, stopProcesses, type LabProcess } from './processes.ts';
import { LabError } from './run-tool.ts';

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
  /** More flags for each agent. */
  agentFlags?: readonly string[];
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
  const plan = planLab(options.id ?? (process.pid % 1_000_000).toString(36));
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-lab-'));
  const owner = markOf(process.pid);
  if (owner === undefined) throw new LabError('cannot read /proc: is it mounted?');
  const state: LabState = { id: plan.id, owner, namespaces: [...plan.nodes, ...plan.pods].map(({ netns }) => netns), processes: [], folder };
  saveState(state);
  try {
    return await buildLab(plan, state, options);
  } catch (error) {
    await removeLab(state);
    throw error;
  }
}

async function buildLab(plan: LabPlan, state: LabState, options: LabOptions): Promise<Lab> {
  const objectsPath = join(state.folder, 'objects.yaml');
  writeFileSync(objectsPath, plan.objects.map((object) => dump(object)).join('---\n'));
  await createNamespaces(plan);
  if (options.hasOffloads === false) await disableOffloads(plan);
  const agents = plan.nodes.map((node) => ({ node: node.name, address: `unix://${socketPath(state, node)}` }));
  const agentProcesses = options.hasAgents === false ? [] : plan.nodes.map((node) => startAgentProcess(node, state, objectsPath, options));
  const podProcesses = plan.pods.map((pod) => startProcess(`pod ${pod.namespace}/${pod.name}`, inNamespace(pod.netns, [...options.program, 'lab-pod', JSON.stringify(pod.roles)])));
  const processes = [...agentProcesses, ...podProcesses];
  state.processes = processes.map(({ mark }) => mark);
  saveState(state);
  let closing: Promise<void> | undefined;
  return {
    plan,
    agents: options.hasAgents === false ? [] : agents,
    objectsPath,
    stopTraffic: () => stopProcesses(podProcesses.map(({ mark }) => mark)),
    check: () => { checkProcesses(processes); },
    close: () => closing ??= removeLab(state),
  };
}

function socketPath(state: LabState, node: LabNode): string {
  return join(state.folder, `${node.name}.sock`);
}

function startAgentProcess(node: LabNode, state: LabState, objectsPath: string, options: LabOptions): LabProcess {
  const flags = ['--objects', objectsPath, '--socket', socketPath(state, node), '--listen', 'none', '--node-name', node.name, ...(options.agentFlags ?? [])];
  return startProcess(`agent of ${node.name}`, inNamespace(node.netns, [...options.program, 'agent', ...flags]));
}

function checkProcesses(processes: readonly LabProcess[]): void {
  const ended = processes.find((candidate) => candidate.hasEnded());
  if (ended !== undefined) throw new LabError(`${ended.name} ended: ${ended.complaint().split('\n')[0] || 'it said nothing'}`);
}
