import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { Agent, createServer as createHttpServer, get } from 'node:http';
import { connect, createServer, isIPv6 } from 'node:net';
import { parseIp } from '../../src/lib/ip-bytes.ts';
import { answerDnsQuery } from './dns-answer.ts';
import type { DnsChoice, Family, PodRole } from './pod-roles.ts';

/** Every third request of an API asks the service behind it. */
const upstreamEvery = 3;
const clientTimeoutMs = 2_000;
const resetAfterMs = 30;

/** The process inside a pod: plays the roles given as a JSON list until the signal comes. */
export function runLabPod(rolesJson: string, signal: AbortSignal): Promise<void> {
  const roles = JSON.parse(rolesJson) as PodRole[];
  for (const role of roles) play(role, signal);
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => { resolve(); }, { once: true });
  });
}

function play(role: PodRole, signal: AbortSignal): void {
  switch (role.role) {
    case 'http-server':
      serveHttp(role, signal);
      return;
    case 'http-client':
      requestAgainAndAgain(role, signal);
      return;
    case 'dns-server':
      serveDns(role, signal);
      return;
    case 'connector':
      connectAgainAndAgain(role, signal);
      return;
    case 'datagrams':
      sendAgainAndAgain(role, signal);
      return;
    case 'resetting-server':
      serveResets(role, signal);
  }
}

function serveHttp({ port, responseBytes, upstream }: Extract<PodRole, { role: 'http-server' }>, signal: AbortSignal): void {
  const body = Buffer.alloc(responseBytes, 'x');
  const ask = upstream === undefined ? undefined : requester({ dns: upstream.dns, family: 'both', isKeptAlive: false });
  let count = 0;
  const server = createHttpServer((_request, response) => {
    count += 1;
    const answer = (): void => { response.end(body); };
    if (upstream === undefined || ask === undefined || count % upstreamEvery !== 0) answer();
    else ask(upstream.host, upstream.port, '/charge', answer);
  });
  // Connections are the clients' to close, whatever the machine's load.
  server.keepAliveTimeout = 0;
  server.listen({ port, host: '::', ipv6Only: false });
  signal.addEventListener('abort', () => { server.closeAllConnections(); server.close(); });
}

function requestAgainAndAgain(role: Extract<PodRole, { role: 'http-client' }>, signal: AbortSignal): void {
  const ask = requester(role);
  const timer = setInterval(() => { ask(role.host, role.port, role.path, () => {}); }, role.everyMs);
  signal.addEventListener('abort', () => { clearInterval(timer); });
}

/** Resolves a name at the lab's DNS server and gets a page. `done` follows whatever happens. */
function requester({ dns, family, isKeptAlive }: { dns: DnsChoice; family: Family; isKeptAlive: boolean }): (host: string, port: number, path: string, done: () => void) => void {
  const resolvers = dns.servers.map((server) => {
    const resolver = new Resolver({ timeout: clientTimeoutMs, tries: 1 });
    resolver.setServers([isIPv6(server) ? `[${server}]` : server]);
    return resolver;
  });
  const agent = new Agent({ keepAlive: isKeptAlive, maxSockets: isKeptAlive ? 1 : Infinity });
  let turn = 0;
  let known: string | undefined;
  return (host, port, path, done) => {
    turn += 1;
    const resolver = resolvers[turn % resolvers.length];
    if (resolver === undefined) return;
    // A client with a connection it keeps has no reason to ask again.
    const resolving = isKeptAlive && known !== undefined ? Promise.resolve([known]) : family === 'ipv6' || (family === 'both' && turn % 3 === 0) ? resolver.resolve6(host) : resolver.resolve4(host);
    resolving.then(([ip]) => {
      known = ip;
      if (ip === undefined) done();
      else getPage({ ip, port, path, host }, agent, done);
    }, done);
  };
}

function getPage(page: { ip: string; port: number; path: string; host: string }, agent: Agent, done: () => void): void {
  const request = get({ host: page.ip, port: page.port, path: page.path, agent, timeout: clientTimeoutMs, headers: { host: page.host }, family: isIPv6(page.ip) ? 6 : 4 }, (response) => {
    response.resume();
    response.once('close', done);
  });
  request.once('error', done);
  request.once('timeout', () => { request.destroy(); });
}

function serveDns({ port, names }: Extract<PodRole, { role: 'dns-server' }>, signal: AbortSignal): void {
  const records = new Map(Object.entries(names).map(([name, { ipv4, ipv6 }]) => [name, {
    a: parseIp(ipv4)?.bytes.subarray(0, 4) ?? new Uint8Array(),
    aaaa: parseIp(ipv6)?.bytes ?? new Uint8Array(),
  }]));
  const socket = createSocket({ type: 'udp6', ipv6Only: false });
  socket.on('message', (query, from) => {
    const answer = answerDnsQuery(query, (name) => records.get(name));
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  socket.on('error', () => {});
  socket.bind(port);
  signal.addEventListener('abort', () => { socket.close(); });
}

function connectAgainAndAgain({ ip, port, everyMs, payload }: Extract<PodRole, { role: 'connector' }>, signal: AbortSignal): void {
  const attempt = (): void => {
    const socket = connect({ host: ip, port });
    socket.setTimeout(clientTimeoutMs, () => { socket.destroy(); });
    socket.once('connect', () => { if (payload !== undefined) socket.write(payload); });
    // Being refused or reset is what it is here for.
    socket.on('error', () => {});
    socket.resume();
  };
  const timer = setInterval(attempt, everyMs);
  attempt();
  signal.addEventListener('abort', () => { clearInterval(timer); });
}

function sendAgainAndAgain({ ip, port, everyMs, payload }: Extract<PodRole, { role: 'datagrams' }>, signal: AbortSignal): void {
  const send = (): void => {
    const socket = createSocket(isIPv6(ip) ? 'udp6' : 'udp4');
    socket.on('error', () => {});
    socket.send(payload, port, ip, () => { socket.close(); });
  };
  const timer = setInterval(send, everyMs);
  send();
  signal.addEventListener('abort', () => { clearInterval(timer); });
}

function serveResets({ port }: Extract<PodRole, { role: 'resetting-server' }>, signal: AbortSignal): void {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => { setTimeout(() => { socket.resetAndDestroy(); }, resetAfterMs); });
  });
  server.listen({ port, host: '::', ipv6Only: false });
  signal.addEventListener('abort', () => { server.close(); });
}
