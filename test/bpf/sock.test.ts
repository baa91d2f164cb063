import { execFileSync, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ServiceRow } from '../../agent/decode/kernel.ts';
import { EventFlag, EventType } from '../../agent/decode/event.ts';
import { attachToDevice, type DeviceLink } from '../../agent/kernel/attach.ts';
import { attachToCgroup, cgroup2Mount } from '../../agent/kernel/cgroup.ts';
import { netnsCookie } from '../../agent/kernel/open-kernel.ts';
import { ServiceTable } from '../../agent/kernel/service-table.ts';
import { Programs, cannotTest, type Event } from './programs.ts';

const mount = cgroup2Mount(readFileSync('/proc/mounts', 'utf8'));
const problem = cannotTest !== '' ? cannotTest : mount === undefined ? 'no cgroup v2 is mounted' : '';
if (problem !== '') console.warn(`programs at sockets not tested: ${problem}`);

const netns = `htsock-${process.pid}`;
const device = `hts${process.pid}`;
const cgroup = `${mount ?? ''}/hubtop-test-${process.pid}`;
const TCP = 6;
const UDP = 17;
const POD_REF = 7;
const BACKEND_REF = 8;
const host = '198.51.101.1';
const HAS_SOCKETS = 4; // HT_CONFIG_SOCKETS
const vip = { ipv4: '10.96.0.1', ipv6: 'fd00:96::1', port: 80, pods: 81, empty: 82 };
const serverPort = 7001;

function ip(command: string): void {
  execFileSync('ip', command.split(' '));
}

/** Runs a script of Node in the pod's network namespace and the cgroup; `say()` in it ends it with the value, an error with its code. */
function inPod(script: string): Promise<unknown> {
  const whole = `
    const net = require('node:net'), dgram = require('node:dgram');
    const say = (value) => { process.stdout.write(JSON.stringify(value), () => process.exit(0)); };
    process.on('uncaughtException', (error) => say(error.code));
    ${script}`;
  const child = spawn('sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup, 'nsenter', `--net=/run/netns/${netns}`, process.execPath, '-e', whole], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { said += text; });
  return new Promise((resolve) => { child.once('close', () => { resolve(JSON.parse(said === '' ? 'null' : said)); }); });
}

/** Connects from beside a server on loopback; says what the socket's peer is and what the server's socket is called. */
const connectScript = (address: string, backend: string): string => `
  const server = net.createServer((socket) => socket.end(socket.localAddress + ' ' + socket.localPort));
  server.listen(${serverPort}, '${backend}', () => {
    const socket = net.connect({ host: '${address}', port: ${vip.port} }, () => {
      const peer = socket.remoteAddress + ' ' + socket.remotePort;
      socket.on('data', (text) => say({ peer, server: String(text) }));
    });
    socket.on('error', (error) => say(error.code));
  });`;

/** Sends datagrams to beside an echo server on loopback; says from whom the answers came. */
const sendScript = (address: string, backend: string, options: { count?: number; type?: string; isConnected?: boolean } = {}): string => `
  const server = dgram.createSocket({ type: '${options.type ?? (address.includes(':') ? 'udp6' : 'udp4')}' });
  server.on('message', (text, from) => server.send(text, from.port, from.address));
  server.bind(${serverPort}, '${backend}', () => {
    const socket = dgram.createSocket('${options.type ?? (address.includes(':') ? 'udp6' : 'udp4')}');
    const answers = [];
    socket.on('message', (text, from) => {
      answers.push(from.address + ' ' + from.port);
      if (answers.length === ${options.count ?? 1}) say(answers); else send();
    });
    socket.on('error', (error) => say(error.code));
    const send = () => { ${options.isConnected === true ? "socket.send('x')" : `socket.send('x', ${vip.port}, '${address}', (error) => { if (error) say(error.code); })`}; };
    ${options.isConnected === true ? `socket.connect(${vip.port}, '${address}', send)` : 'send()'};
  });`;

describe.skipIf(problem !== '')('programs at the sockets of a cgroup', { timeout: 30_000 }, () => {
  let programs: Programs;
  let detach: (() => void) | undefined;
  let link: DeviceLink | undefined;
  let server: Server;
  let sink: Socket;
  let tables: Record<'observe' | 'translate', ServiceTable>;
  const warnings: string[] = [];

  const rows = (protocol: number): ServiceRow[] => [
    { service: 5, ip: vip.ipv4, port: vip.port, protocol, backends: [{ ip: '127.0.0.1', port: serverPort }, { ip: '::1', port: serverPort }] },
    { service: 5, ip: vip.ipv6, port: vip.port, protocol, backends: [{ ip: '127.0.0.1', port: serverPort }, { ip: '::1', port: serverPort }] },
    { service: 6, ip: vip.ipv4, port: vip.pods, protocol, backends: [{ ip: host, port: serverPort }] },
    { service: 9, ip: vip.ipv4, port: vip.empty, protocol, backends: [] },
  ];
  const serve = (mode: 'observe' | 'translate', protocol: number): void => {
    tables[mode === 'observe' ? 'translate' : 'observe'].apply([]);
    tables[mode].apply(rows(protocol));
  };
  const sockEvents = (all = programs.events()): Event[] => all.filter(({ type }) => type === EventType.sock);
  const told = (event: Event): unknown[] => [event.sub_type, event.destination, event.destination_port, event.service];
  const ledger = (): number[] => {
    const row = programs.counters().events.find(({ kind, lane }) => kind === 'trace-sock' && lane === 1);
    return [row?.happened ?? 0, row?.submitted ?? 0, row?.lost ?? 0, row?.suppressed ?? 0];
  };

  beforeAll(async () => {
    programs = new Programs();
    mkdirSync(cgroup);
    detach = attachToCgroup(programs.object, cgroup);
    const maps = { services: programs.object.map('ht_services'), backends: programs.object.map('ht_backends') };
    const warn = (text: string): void => { warnings.push(text); };
    tables = { observe: new ServiceTable(maps, 'observe', warn), translate: new ServiceTable(maps, 'translate', warn) };
    ip(`netns add ${netns}`);
    ip(`link add ${device} type veth peer name eth0 netns ${netns}`);
    ip(`-n ${netns} link set lo up`);
    ip(`-n ${netns} addr add 198.51.101.2/24 dev eth0`);
    ip(`-n ${netns} link set eth0 up`);
    ip(`addr add ${host}/24 dev ${device}`);
    ip(`link set ${device} up`);
    const ifindex = Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
    link = attachToDevice(programs.object.programFd('ht_from_endpoint'), ifindex, 'ingress');
    server = createServer((socket) => socket.end('pod'));
    await new Promise<void>((resolve) => server.listen(serverPort, host, resolve));
    // without it the next datagram fails for the refusal of the one before
    sink = createSocket('udp4');
    await new Promise<void>((resolve) => { sink.bind(serverPort, host, resolve); });
  });

  beforeEach(() => {
    programs.reset();
    programs.configure({ cookie: netnsCookie(), flags: HAS_SOCKETS });
    programs.setDevice(Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8')), POD_REF);
    programs.setAddress([127, 0, 0, 1], BACKEND_REF, 80);
  });

  afterAll(() => {
    server?.close();
    sink?.close();
    link?.close();
    detach?.();
    try {
      rmdirSync(cgroup);
      ip(`link del ${device}`);
      ip(`netns del ${netns}`);
    } finally {
      programs?.close();
    }
  });

  test('a connection to a service goes to a backend, and getpeername() gives the service', async () => {
    serve('translate', TCP);
    expect(await inPod(connectScript(vip.ipv4, '127.0.0.1'))).toEqual({ peer: `${vip.ipv4} ${vip.port}`, server: `127.0.0.1 ${serverPort}` });
    const [before, after, ...others] = sockEvents();
    expect(others).toEqual([]);
    expect(before).toMatchObject({ sub_type: 1, destination: vip.ipv4, destination_port: vip.port, protocol: TCP, service: 5, source: '0.0.0.0', source_port: 0, destination_ref: 0, skbs: 0, segments: 0, lane: 1, ifindex: 0 });
    expect(after).toMatchObject({ sub_type: 2, destination: '127.0.0.1', destination_port: serverPort, service: 5, destination_ref: BACKEND_REF });
    expect(ledger()).toEqual([2, 2, 0, 0]);
    expect(programs.counters().socketsTranslated).toBe(1);
  });

  test('a sock event has the cookie of the socket, the cgroup of the caller, and the pod by the way into its network namespace', async () => {
    serve('observe', TCP);
    await inPod(connectScript(vip.ipv4, '127.0.0.1'));
    const [event] = sockEvents();
    expect(event?.bytes).toBe(Number(statSync(cgroup, { bigint: true }).ino));
    expect(Number.parseInt(event?.source_mac ?? '', 16)).toBeGreaterThan(0);
    expect(event).toMatchObject({ source_ref: POD_REF, endpoint_ref: POD_REF });
  });

  test('connections over IPv6, and over IPv4 by a socket of both families', async () => {
    serve('translate', TCP);
    expect(await inPod(connectScript(vip.ipv6, '::1'))).toEqual({ peer: `${vip.ipv6} ${vip.port}`, server: `::1 ${serverPort}` });
    expect(sockEvents().map(({ flags, destination }) => [flags, destination])).toEqual([
      [EventFlag.ipv6, 'fd000096000000000000000000000001'], [EventFlag.ipv6, '00000000000000000000000000000001'],
    ]);
    expect(await inPod(connectScript(`::ffff:${vip.ipv4}`, '127.0.0.1'))).toEqual({ peer: `::ffff:${vip.ipv4} ${vip.port}`, server: `127.0.0.1 ${serverPort}` });
    expect(sockEvents().map(({ flags, destination }) => [flags, destination])).toEqual([[0, vip.ipv4], [0, '127.0.0.1']]);
  });

  test('observe changes nothing: the service stays unreachable, and was asked for once', async () => {
    serve('observe', TCP);
    expect(await inPod(connectScript(vip.ipv4, '127.0.0.1'))).toBe('ENETUNREACH');
    expect(sockEvents().map(told)).toEqual([[1, vip.ipv4, vip.port, 5]]);
    expect(programs.counters().socketsTranslated).toBe(0);
    expect(ledger()).toEqual([1, 1, 0, 0]);
  });

  test('a port of a service that is not one of its own, and other addresses, say nothing', async () => {
    serve('translate', TCP);
    expect(await inPod(`net.connect(9, '${vip.ipv4}')`)).toBe('ENETUNREACH');
    expect(await inPod(`net.connect(9, '127.0.0.1')`)).toBe('ECONNREFUSED');
    serve('translate', UDP);
    expect(await inPod(`net.connect(${vip.port}, '${vip.ipv4}')`)).toBe('ENETUNREACH');
    // what is left are the kernel's own packets, such as neighbour discovery
    expect(programs.events().filter(({ type, protocol }) => type !== EventType.trace || protocol === TCP)).toEqual([]);
  });

  test('a socket that was bound tells its own address', async () => {
    serve('translate', TCP);
    await inPod(`net.connect({ port: ${vip.empty}, host: '${vip.ipv4}', localAddress: '127.0.0.5', localPort: 5432 })`);
    expect(sockEvents()).toMatchObject([{ source: '127.0.0.5', source_port: 5432 }]);
  });

  test('a service without backends refuses: dropped with Cilium\'s number, and counted', async () => {
    serve('translate', TCP);
    expect(await inPod(`net.connect(${vip.empty}, '${vip.ipv4}')`)).toBe('EHOSTUNREACH');
    const all = programs.events();
    expect(all.filter(({ type }) => type === EventType.drop)).toMatchObject([{ drop_reason: 158, service: 9, source_ref: POD_REF, destination: vip.ipv4, destination_port: vip.empty, skbs: 1, bytes: 0 }]);
    expect(sockEvents(all).map(told)).toEqual([[1, vip.ipv4, vip.empty, 9]]);
    expect(programs.counters().socketsRefused).toBe(1);
  });

  test('datagrams: each is translated, answers come from the service, one report an interval', async () => {
    serve('translate', UDP);
    const answers = await inPod(sendScript(vip.ipv4, '127.0.0.1', { count: 3 }));
    expect(answers).toEqual(Array(3).fill(`${vip.ipv4} ${vip.port}`));
    expect(sockEvents().map(told)).toEqual([[1, vip.ipv4, vip.port, 5], [2, '127.0.0.1', serverPort, 5]]);
    expect(ledger()).toEqual([6, 2, 0, 4]);
    expect(programs.counters().socketsTranslated).toBe(1);
  });

  test('datagrams over IPv6, by a socket of both families, and over a connected socket', async () => {
    serve('translate', UDP);
    expect(await inPod(sendScript(vip.ipv6, '::1'))).toEqual([`${vip.ipv6} ${vip.port}`]);
    expect(await inPod(sendScript(`::ffff:${vip.ipv4}`, '::', { type: 'udp6' }))).toEqual([`::ffff:${vip.ipv4} ${vip.port}`]);
    programs.discardEvents();
    expect(await inPod(sendScript(vip.ipv4, '127.0.0.1', { isConnected: true, count: 2 }))).toEqual(Array(2).fill(`${vip.ipv4} ${vip.port}`));
    expect(sockEvents().map(told)).toEqual([[1, vip.ipv4, vip.port, 5], [2, '127.0.0.1', serverPort, 5]]);
  });

  test('datagrams are let alone by observe', async () => {
    serve('observe', UDP);
    expect(await inPod(sendScript(vip.ipv4, '127.0.0.1'))).toBe('ENETUNREACH');
    expect(sockEvents().map(told)).toEqual([[1, vip.ipv4, vip.port, 5]]);
  });

  test('packets of the socket carry the service on their way out', async () => {
    serve('translate', TCP);
    expect(await inPod(`net.connect(${vip.pods}, '${vip.ipv4}').on('data', (text) => say(String(text)))`)).toBe('pod');
    expect(await inPod(`net.connect(${serverPort}, '${host}').on('data', (text) => say(String(text)))`)).toBe('pod');
    const opened = programs.events().filter(({ type, why, protocol }) => type === EventType.trace && why === 1 && protocol === TCP).map(({ destination, destination_port, service }) => [destination, destination_port, service]);
    expect(opened).toEqual([[host, serverPort, 6], [host, serverPort, 0]]);
  });

  test('a socket that is connected elsewhere no longer stands for the service', async () => {
    serve('translate', UDP);
    const script = `
      const socket = dgram.createSocket('udp4');
      socket.connect(${vip.pods}, '${vip.ipv4}', () => {
        socket.send('x', () => {
          socket.disconnect();
          socket.connect(${serverPort}, '${host}', () => { socket.send('x', () => say(socket.remoteAddress())); });
        });
      });`;
    expect(await inPod(script)).toMatchObject({ address: host, port: serverPort });
    const opened = programs.events().filter(({ type, why, protocol }) => type === EventType.trace && why === 1 && protocol === UDP);
    expect(opened.map(({ destination, destination_port, service }) => [destination, destination_port, service])).toEqual([[host, serverPort, 6], [host, serverPort, 0]]);
    expect(warnings).toEqual([]);
  });

  test('no call fails while the backends of the service change', async () => {
    const script = `
      const server = net.createServer((socket) => { socket.on('error', () => {}).resume(); });
      let left = 400;
      const next = () => {
        if (left-- === 0) { say('done'); return; }
        const socket = net.connect({ host: '${vip.ipv4}', port: ${vip.port} }, () => { socket.resetAndDestroy(); next(); });
      };
      server.listen(${serverPort}, '::', next);`;
    const backends = (count: number): ServiceRow['backends'] => Array.from({ length: count }, (_, i) => ({ ip: `127.0.0.${i + 1}`, port: serverPort }));
    serve('translate', TCP);
    let changes = 0;
    const progress = { isOver: false };
    const calls = inPod(script).finally(() => { progress.isOver = true; });
    while (!progress.isOver) {
      tables.translate.apply([{ service: 5, ip: vip.ipv4, port: vip.port, protocol: TCP, backends: backends(1 + (changes++ % 7)) }]);
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    expect(await calls).toBe('done');
    expect(changes).toBeGreaterThan(100);
    expect(programs.counters().socketsRefused).toBe(0);
    expect(ledger()).toEqual([800, 800, 0, 0]);
  });

  test('outside of the cgroup nothing is translated and nothing is told', async () => {
    serve('translate', TCP);
    expect(() => execFileSync('nsenter', [`--net=/run/netns/${netns}`, 'bash', '-c', `exec 3<>/dev/tcp/${vip.ipv4}/${vip.port}`], { stdio: 'pipe' })).toThrow(/unreachable/);
    expect(sockEvents()).toEqual([]);
  });
});
