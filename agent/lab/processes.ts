import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process and when it began (clock ticks since boot), so that a reused number is never taken for it. */
export interface ProcessMark {
  pid: number;
  startTicks: string;
}

/** A child of the lab. */
export interface LabProcess {
  name: string;
  mark: ProcessMark;
  /** Last lines it wrote to stderr. */
  complaint(): string;
  /** Resolves when it has ended. */
  ended: Promise<void>;
  hasEnded(): boolean;
}

const maxComplaint = 2_000;
const politeMs = 3_000;
const pollMs = 20;

/** The marks of a process that runs now; undefined where none does. */
export function markOf(pid: number): ProcessMark | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything; state is the first field behind it, starttime the 22nd of all (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const startTicks = fields[19];
    return startTicks === undefined || fields[0] === 'Z' ? undefined : { pid, startTicks };
  } catch {
    return undefined;
  }
}

/** Whether that very process still runs. */
export function isAlive(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.startTicks === mark.startTicks;
}

/** Starts a program that dies with this one, in a session of its own: the terminal's Ctrl-C is for the lab, which ends its children in order. */
export function startProcess(name: string, command: readonly string[]): LabProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(-maxComplaint); });
  child.once('exit', (_code, signal) => { if (signal !== null) complaint = `killed by ${signal}\n${complaint}`; });
  child.once('error', (error) => { complaint = `${error.message}; the lab needs setpriv of util-linux`; });
  let hasEnded = false;
  const ended = whenEnded(child).then(() => { hasEnded = true; });
  const pid = child.pid ?? 0;
  return { name, mark: markOf(pid) ?? { pid, startTicks: '' }, complaint: () => complaint.trim(), ended, hasEnded: () => hasEnded };
}

function whenEnded(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => { resolve(); });
    child.once('error', () => { resolve(); });
  });
}

/** Asks processes to end, and ends those that do not listen. */
export async function stopProcesses(marks: readonly ProcessMark[]): Promise<void> {
  for (const mark of marks) signalProcess(mark, 'SIGTERM');
  const deadlineMs = Date.now() + politeMs;
  while (marks.some(isAlive) && Date.now() < deadlineMs) await new Promise((resolve) => { setTimeout(resolve, pollMs); });
  for (const mark of marks) signalProcess(mark, 'SIGKILL');
}

function signalProcess(mark: ProcessMark, signal: NodeJS.Signals): void {
  if (!isAlive(mark)) return;
  try {
    process.kill(mark.pid, signal);
  } catch {
    // It ended in between.
  }
}
