import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import type { ScratchPod } from './scratch-namespaces.ts';

/** Ports of the server: connections to one are to be let in, to the other not. Both are above what is taken for a server's in the middle of a connection. */
export const ALLOWED_PORT = 50_051;
export const DENIED_PORT = 50_052;

const server = `
const net = require('node:net'), stream = require('node:dgram').createSocket('udp4');
for (const port of [${ALLOWED_PORT}, ${DENIED_PORT}]) net.createServer((socket) => {
  const timer = setInterval(() => socket.write('x'), 10);
  socket.on('error', () => {}).on('close', () => clearInterval(timer)).resume();
}).listen(port, '0.0.0.0', () => console.log('listening'));
stream.once('message', (_, from) => { let number = 0; setInterval(() => stream.send(String(number++), from.port, from.address), 10); });
stream.bind(${ALLOWED_PORT});`;

const client = (ip: string): string => `
const net = require('node:net'), stream = require('node:dgram').createSocket('udp4');
const seen = { attempts: 0, successes: 0, closed: 0, bytes: 0, datagrams: 0, missing: 0 };
const kept = net.connect(${ALLOWED_PORT}, '${ip}', () => console.log('connected'));
kept.on('data', (bytes) => { seen.bytes += bytes.length; kept.write('y'); }).on('error', () => {}).on('close', () => { seen.closed++; });
setInterval(() => {
  seen.attempts++;
  const tried = net.connect(${DENIED_PORT}, '${ip}', () => { seen.successes++; tried.destroy(); }).on('error', () => {});
  setTimeout(() => tried.destroy(), 500);
}, 20);
let next = 0;
stream.on('message', (text) => { seen.datagrams++; seen.missing += Math.max(0, Number(text) - next); next = Number(text) + 1; });
stream.send('go', ${ALLOWED_PORT}, '${ip}');
process.stdin.on('data', () => console.log(JSON.stringify(seen)));`;

/** What the client has seen by now. */
export interface Seen {
  /** One every 20 ms to the denied port, and how many of them got through. */
  attempts: number;
  successes: number;
  /** The one connection to the allowed port. */
  closed: number;
  bytes: number;
  /** One every 10 ms of the server, on a question that was asked once. */
  datagrams: number;
  missing: number;
}

/** A client that tries, and a server that answers, until stop(). */
export class SteadyTraffic {
  private readonly processes: ChildProcess[] = [];
  private answers: AsyncIterator<string> | undefined;
  private asked: ChildProcess | undefined;

  async start(from: ScratchPod, to: ScratchPod): Promise<void> {
    const listening = this.run(to, server);
    await once(listening.stdout ?? listening, 'data');
    this.asked = this.run(from, client(to.ip));
    this.answers = createInterface({ input: this.asked.stdout ?? process.stdin })[Symbol.asyncIterator]();
    await this.answers.next();
  }

  async seen(): Promise<Seen> {
    this.asked?.stdin?.write('?\n');
    const answer = await this.answers?.next();
    return JSON.parse(String(answer?.value)) as Seen;
  }

  /** Half a second or more of it. */
  async goesOn(): Promise<void> {
    const { attempts } = await this.seen();
    await expect.poll(async () => (await this.seen()).attempts, { timeout: 10_000 }).toBeGreaterThanOrEqual(attempts + 25);
  }

  stop(): void {
    for (const child of this.processes) child.kill('SIGKILL');
  }

  private run(pod: ScratchPod, script: string): ChildProcess {
    const child = spawn('nsenter', [`--net=/run/netns/${pod.name}`, process.execPath, '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.processes.push(child);
    return child;
  }
}
