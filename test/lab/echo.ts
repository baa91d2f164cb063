import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { LabPod } from '../../agent/lab/lab-plan.ts';
import { inNamespace } from '../../agent/lab/namespace.ts';

const serve = `require('node:net').createServer((socket) => { socket.on('error', () => {}); socket.pipe(socket); }).listen(Number(process.argv[1]), () => console.log('ready'));`;
const ask = `
const [host, port] = process.argv.slice(1);
const hash = require('node:crypto').createHash('sha256');
const sent = require('node:crypto').randomBytes(1 << 20);
let length = 0;
const socket = require('node:net').connect({ host, port: Number(port) }, () => socket.end(sent));
socket.setTimeout(8000, () => socket.destroy(new Error('timeout')));
socket.on('data', (chunk) => { hash.update(chunk); length += chunk.length; });
const of = (bytes) => require('node:crypto').createHash('sha256').update(bytes).digest('hex');
socket.on('end', () => console.log(JSON.stringify({ sent: [sent.length, of(sent)], received: [length, hash.digest('hex')] })));
`;

/** Sends a megabyte from one pod to another and back; gives length and checksum of what was sent and of what came back. */
export async function echoThrough({ server, client, port }: { server: LabPod; client: LabPod; port: number }): Promise<{ sent: [number, string]; received: [number, string] }> {
  const [command = '', ...args] = inNamespace(server.netns, ['setpriv', '--pdeathsig', 'KILL', process.execPath, '-e', serve, String(port)]);
  const listening = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(listening.stdout, 'data');
    const [file = '', ...words] = inNamespace(client.netns, [process.execPath, '-e', ask, server.ipv4, String(port)]);
    const { stdout } = await promisify(execFile)(file, words);
    return JSON.parse(stdout) as { sent: [number, string]; received: [number, string] };
  } finally {
    listening.kill('SIGKILL');
  }
}
