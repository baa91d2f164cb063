import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ScratchPod } from './scratch-namespaces.ts';

const PORT = 50_051;

const server = `
const { createHash } = require('node:crypto');
const stream = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  const hash = createHash('sha256');
  let length = 0;
  socket.on('error', () => {}).on('data', (bytes) => { hash.update(bytes); length += bytes.length; }).on('end', () => socket.end(JSON.stringify([length, hash.digest('hex')])));
}).listen(${PORT}, '0.0.0.0', () => stream.bind(${PORT}, () => console.log('listening')));
stream.on('message', (text, from) => stream.send(text, from.port, from.address));`;

// paced, so that nothing but the network could lose a datagram, and so that faults happen in the middle
const client = `
const [ip, megabytes] = process.argv.slice(1);
const { createHash, randomBytes } = require('node:crypto');
const stream = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
const sent = createHash('sha256');
const seen = { sent: [0, ''], received: [0, ''], datagrams: 0, unanswered: [] };
const answers = new Set();
stream.on('message', (text) => answers.add(String(text)));
const datagrams = setInterval(() => { for (let i = 0; i < 5; i++) stream.send(String(seen.datagrams++), ${PORT}, ip); }, 10);
const socket = require('node:net').connect({ port: ${PORT}, host: ip, allowHalfOpen: true });
let text = '';
socket.on('data', (bytes) => { text += bytes; });
const chunk = 64 << 10;
const bytes = setInterval(() => {
  if (socket.writableLength > 4 << 20) return;
  const part = randomBytes(chunk);
  sent.update(part);
  seen.sent[0] += chunk;
  socket.write(part);
}, 10);
process.stdin.once('data', () => {
  const finish = setInterval(() => {
    if (seen.sent[0] < Number(megabytes) << 20) return;
    clearInterval(finish);
    clearInterval(bytes);
    clearInterval(datagrams);
    seen.sent[1] = sent.digest('hex');
    socket.end();
  }, 10);
});
socket.on('end', () => setTimeout(() => {
  seen.received = JSON.parse(text);
  seen.unanswered = Array.from({ length: seen.datagrams }, (_, i) => i).filter((i) => !answers.has(String(i)));
  console.log(JSON.stringify(seen));
  process.exit(0);
}, 500));
console.log('started');`;

// each a connection of its own
const blast = `
const [ip, count] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
socket.bind(() => { for (let port = 1; port <= Number(count); port++) socket.send('x', port, ip, () => { if (--left === 0) socket.close(); }); });
let left = Number(count);`;

/** What a transfer came to: bytes with their checksum at both ends, datagrams and the numbers of those that were not answered. */
export interface Transfer {
  sent: [number, string];
  received: [number, string];
  datagrams: number;
  unanswered: number[];
}

function run(pod: ScratchPod, script: string, ...args: string[]): ChildProcess {
  return spawn('nsenter', [`--net=/run/netns/${pod.name}`, 'setpriv', '--pdeathsig', 'KILL', process.execPath, '-e', script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Sends bytes and datagrams from one pod to another until finish(), at least so many megabytes. */
export async function startTransfer(from: ScratchPod, to: ScratchPod, megabytes: number): Promise<{ finish(): Promise<Transfer>; stop(): void }> {
  const listening = run(to, server);
  await once(listening.stdout ?? listening, 'data');
  const sending = run(from, client, to.ip, String(megabytes));
  const lines = createInterface({ input: sending.stdout ?? process.stdin })[Symbol.asyncIterator]();
  await lines.next();
  return {
    finish: async () => {
      sending.stdin?.write('.\n');
      return JSON.parse(String((await lines.next()).value)) as Transfer;
    },
    stop: () => {
      listening.kill('SIGKILL');
      sending.kill('SIGKILL');
    },
  };
}

/** Sends a datagram to each of so many ports of an address, as fast as it can. */
export async function sendBlast(from: ScratchPod, ip: string, count: number): Promise<void> {
  await once(run(from, blast, ip, String(count)), 'close');
}
