import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { Code, RpcError } from './status.ts';
import { formatTarget, type Target } from './target.ts';
import { readPem, type ClientTls } from './tls-files.ts';

/** Stream window: 70 nodes took 449 MB at 1 MiB and 133 MB at 256 KiB. */
const streamWindowBytes = 256 * 1024;
/** One connection carries many streams; a paused one must not starve the others. */
const connectionWindowBytes = 4 * 1024 * 1024;
/** Larger DATA frames mean fewer trips through node's http2 for each flow. */
const maxHttp2FrameBytes = 64 * 1024;
/** How soon the kernel begins to ask whether a silent peer is still there. */
const tcpKeepAliveMs = 10_000;

/** What connecting needs besides the address. */
export interface ConnectionOptionsOfRpc {
  tls?: ClientTls | undefined;
  connectTimeoutMs: number;
}

/** Opens an HTTP/2 session to a gRPC server; rejects with an RpcError (UNAVAILABLE) in plain words. */
export async function openSession(target: Target, options: ConnectionOptionsOfRpc): Promise<ClientHttp2Session> {
  const socket = await openSocket(target, options);
  const session = connectHttp2(`${isTls(target, options) ? 'https' : 'http'}://${authorityOf(target, options.tls)}`, {
    createConnection: () => socket,
    settings: { initialWindowSize: streamWindowBytes, maxFrameSize: maxHttp2FrameBytes, enablePush: false },
  });
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      clearTimeout(timer);
      session.destroy();
      reject(unavailable(target, cause));
    };
    const timer = setTimeout(() => fail(new Error('no answer to the HTTP/2 preface (is it a gRPC server?)')), options.connectTimeoutMs);
    const closed = (): void => fail(new Error('connection closed during the handshake (is it a gRPC server, and does it expect TLS?)'));
    session.once('error', fail);
    session.once('close', closed);
    // a TLS alert after the handshake (certificate required) reaches the socket and never the session
    socket.on('error', fail);
    session.once('remoteSettings', () => {
      clearTimeout(timer);
      session.off('error', fail);
      session.off('close', closed);
      // errors reach the streams; without a listener node would throw
      session.on('error', () => {});
      session.setLocalWindowSize(connectionWindowBytes);
      resolve(session);
    });
  });
}

function isTls(target: Target, options: ConnectionOptionsOfRpc): boolean {
  return target.kind === 'tcp' && (target.tls || options.tls !== undefined);
}

function authorityOf(target: Target, tls: ClientTls | undefined): string {
  // grpc-go refuses an empty authority and percent-encoded socket paths alike
  if (target.kind === 'unix') return 'localhost';
  if (tls?.serverName !== undefined) return tls.serverName;
  return formatTarget({ ...target, host: target.host || 'localhost', tls: false });
}

function openSocket(target: Target, options: ConnectionOptionsOfRpc): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const tls = isTls(target, options);
    let socket: Socket;
    try {
      socket = tls ? connectTls(tlsOptions(target, options.tls ?? {})) : connectTcp(addressOf(target));
    } catch (cause) {
      reject(unavailable(target, cause));
      return;
    }
    const fail = (cause: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(unavailable(target, cause));
    };
    const timer = setTimeout(() => fail(new Error('timed out')), options.connectTimeoutMs);
    socket.once('error', fail);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      if (tls && (socket as TLSSocket).alpnProtocol !== 'h2') {
        fail(new Error('the server does not speak HTTP/2 over TLS'));
        return;
      }
      clearTimeout(timer);
      socket.off('error', fail);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, tcpKeepAliveMs);
      resolve(socket);
    });
  });
}

function addressOf(target: Target): { path: string } | { host: string; port: number } {
  return target.kind === 'unix' ? { path: target.path } : { host: target.host || 'localhost', port: target.port };
}

function tlsOptions(target: Target, tls: ClientTls): ConnectionOptions {
  const host = target.kind === 'tcp' ? target.host || 'localhost' : 'localhost';
  const servername = tls.serverName ?? (/^[\d.]+$|:/.test(host) ? '' : host);
  return {
    ...addressOf(target),
    ALPNProtocols: ['h2'],
    ...(servername === '' ? {} : { servername }),
    ...certificateOptions(tls),
  };
}

/** What the user's TLS settings mean to node's tls, whatever is spoken over it; throws when a file cannot be read. */
export function certificateOptions(tls: ClientTls): ConnectionOptions {
  return {
    minVersion: tls.minVersion ?? 'TLSv1.2',
    rejectUnauthorized: tls.allowInsecure !== true,
    ...(tls.caCertFiles?.length ? { ca: tls.caCertFiles.map((path) => readPem(path, 'CA certificate')) } : {}),
    ...(tls.clientCertFile === undefined ? {} : { cert: readPem(tls.clientCertFile, 'client certificate') }),
    ...(tls.clientKeyFile === undefined ? {} : { key: readPem(tls.clientKeyFile, 'client key') }),
  };
}

const plainWords: Record<string, string> = {
  ECONNREFUSED: 'connection refused (nothing listens there)',
  ENOENT: 'no such socket',
  EACCES: 'permission denied',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name server does not answer',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'timed out',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  EPROTO: 'no TLS handshake (does the server speak TLS?)',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS handshake (does the server speak TLS?)',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the server wants a client certificate',
};

function unavailable(target: Target, cause: unknown): RpcError {
  return new RpcError(Code.UNAVAILABLE, `cannot connect to ${formatTarget(target)}: ${reasonOf(cause)}`, { cause });
}

/** Why a connection failed, in plain words; happy eyeballs wraps one error per address. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return plainWords[code] ?? cause.message;
}
