import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { inNamespace } from '../../agent/lab/namespace.ts';

/** One attempt to connect, as the client saw it. */
export interface Attempt {
  startMs: number;
  endMs: number;
  /** 'connected', 'timeout' or the error's code. */
  outcome: string;
}

/** A client process in a namespace that connects again and again, each time anew. */
export interface Attempts {
  list: Attempt[];
  stop(): void;
}

const client = `
const [host, port, everyMs, timeoutMs] = process.argv.slice(1);
const { connect } = require('node:net');
const attempt = () => {
  const startMs = Date.now();
  let isTold = false;
  const socket = connect({ host, port: Number(port) });
  const tell = (outcome) => {
    if (!isTold) process.stdout.write(JSON.stringify({ startMs, endMs: Date.now(), outcome }) + '\\n');
    isTold = true;
    socket.destroy();
  };
  socket.setTimeout(Number(timeoutMs), () => tell('timeout'));
  socket.once('connect', () => tell('connected'));
  socket.once('error', (error) => tell(error.code));
};
setInterval(attempt, Number(everyMs));
`;

/** Starts connecting to host:port every so often, each attempt for at most `timeoutMs`. */
export function startAttempts(netns: string, { host, port, everyMs, timeoutMs }: { host: string; port: number; everyMs: number; timeoutMs: number }): Attempts {
  const [command = '', ...args] = inNamespace(netns, ['setpriv', '--pdeathsig', 'KILL', process.execPath, '-e', client, host, String(port), String(everyMs), String(timeoutMs)]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const list: Attempt[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => { list.push(JSON.parse(line) as Attempt); });
  return { list, stop: () => { child.kill('SIGKILL'); } };
}
