import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { formatTarget, type Target } from './target.ts';

/** A listener that cannot be had; one line for people. */
export class ListenError extends Error {}

const plainWords: [RegExp, string][] = [
  [/something else than a socket/, 'something else than a socket is there'],
  [/EADDRINUSE/, 'address in use (is another hubtop or hubble-relay running?)'],
  [/EACCES|EPERM/, 'permission denied'],
  [/EADDRNOTAVAIL/, 'this machine does not have that address'],
  [/ENOTFOUND|EAI_AGAIN|Name resolution failed/, 'no such host'],
];

/** As Cilium's agent has it. */
const socketMode = 0o660;

const noIpv6 = /EAFNOSUPPORT|EADDRNOTAVAIL|EINVAL/;

/** Binds one listener and gives the address it got, with the real port. Throws ListenError. */
export async function bindTarget(server: Server, target: Target, credentials: ServerCredentials): Promise<Target> {
  if (target.kind === 'unix') {
    await clearStaleSocket(target.path);
    await bindAddress(server, `unix:${target.path}`, credentials).catch((cause: unknown) => refuse(target, cause));
    // who may read flows: the owner and his group, whatever the umask
    chmodSync(target.path, socketMode);
    return target;
  }
  const bindHost = (host: string): Promise<Target> =>
    bindAddress(server, `${host.includes(':') ? `[${host}]` : host}:${target.port}`, credentials).then((port) => ({ ...target, host, port }));
  if (target.host !== '') return bindHost(target.host).catch((cause: unknown) => refuse(target, cause));
  return bindHost('::')
    .catch((cause: unknown) => (noIpv6.test(String(cause)) ? bindHost('0.0.0.0') : Promise.reject(cause)))
    .catch((cause: unknown) => refuse(target, cause));
}

function bindAddress(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

function refuse(target: Target, cause: unknown): never {
  const text = cause instanceof Error ? cause.message : String(cause);
  const words = plainWords.find(([pattern]) => pattern.test(text))?.[1] ?? text;
  throw new ListenError(`cannot listen on ${formatTarget(target)}: ${words}`, { cause });
}

/** Removes a socket file that nobody serves any more; leaves one that answers, so that bind says "in use". */
async function clearStaleSocket(path: string): Promise<void> {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    // connecting to a plain file is refused just as well
    if (!found.isSocket()) throw new Error('something else than a socket is there');
    if (await isRefused(path)) unlinkSync(path);
  } catch (cause) {
    refuse({ kind: 'unix', path, tls: false }, cause);
  }
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'));
  });
}
