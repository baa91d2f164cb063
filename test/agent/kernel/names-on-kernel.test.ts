import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, startAgent } from '../../../agent/agent.ts';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import type { Kernel } from '../../../agent/decode/kernel.ts';
import { openKernel } from '../../../agent/kernel/open-kernel.ts';
import { Channel } from '../../../src/rpc/channel.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { ObserverService } from '../../../src/wire/services.ts';
import { dnsMessage } from '../dns-message.ts';
import { missingForKernelTests, objectPath, run, ScratchNode, type ScratchPod } from './scratch-namespaces.ts';

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: names on the real kernel: ${missing}`);

const outside = '10.253.0.1';
const [port, otherPort] = [8_443, 8_444];
const name = 'www.example.com';

/** Answers whatever it is asked with the message it was given. */
const resolver = `
const { createSocket } = require('node:dgram');
const [ip, hex] = process.argv.slice(1);
const socket = createSocket('udp4');
socket.on('message', (question, { port, address }) => {
  const answer = Buffer.from(hex, 'hex');
  question.copy(answer, 0, 0, 2);
  socket.send(answer, port, address);
});
socket.bind(53, ip, () => console.log('ready'));
`;
const server = `
const { createServer } = require('node:net');
const [ip, ...ports] = process.argv.slice(1);
let left = ports.length;
for (const port of ports) createServer((socket) => socket.end()).listen(Number(port), ip, () => { if (--left === 0) console.log('ready'); });
`;
/** Connects, or asks a resolver first and connects the moment the answer is there; says how that ended, and after how long. */
const client = `
const { createSocket } = require('node:dgram');
const { connect } = require('node:net');
const [host, port, resolver, question] = process.argv.slice(1);
const attempt = () => {
  const startMs = performance.now();
  const tell = (words) => { console.log(words + ' ' + Math.round(performance.now() - startMs)); process.exit(); };
  const socket = connect({ host, port: Number(port) }, () => tell('connected'));
  socket.setTimeout(4000, () => tell('refused'));
};
if (resolver === undefined) attempt();
else {
  const socket = createSocket('udp4');
  socket.on('message', attempt);
  socket.send(Buffer.from(question, 'hex'), 53, resolver);
}
`;

const pod = (namespace: string, app: string, ip: string): object => ({
  kind: 'Pod', metadata: { namespace, name: app, uid: app, labels: { app } }, spec: { nodeName: 'scratch', containers: [] }, status: { phase: 'Running', podIPs: [{ ip }] },
});
const policy = {
  kind: 'CiliumNetworkPolicy', metadata: { namespace: 'shop', name: 'names' },
  spec: {
    endpointSelector: {},
    egress: [
      { toEndpoints: [{ matchLabels: { app: 'dns', 'k8s:io.kubernetes.pod.namespace': 'kube-system' } }], toPorts: [{ ports: [{ port: '53', protocol: 'UDP' }], rules: { dns: [{ matchPattern: '*' }] } }] },
      { toFQDNs: [{ matchPattern: '*.example.com' }], toPorts: [{ ports: [{ port: String(port), protocol: 'TCP' }] }] },
    ],
  },
};

describe.skipIf(missing !== undefined)('names on the real kernel', { timeout: 60_000 }, () => {
  let node: ScratchNode;
  let [web, dns]: ScratchPod[] = [];
  let kernel: Kernel;
  let agent: Agent;
  let channel: Channel;
  const children: ChildProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-names-'));

  const start = (namespace: string, script: string, args: readonly string[]): ChildProcess => {
    const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, 'setpriv', '--pdeathsig', 'KILL', process.execPath, '-e', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  const firstLine = async (child: ChildProcess): Promise<string> => {
    if (child.stdout === null) throw new Error('no output');
    const [line] = await once(createInterface({ input: child.stdout }), 'line') as [string];
    return line;
  };
  const outcome = async (args: readonly string[]): Promise<string> => (await firstLine(start(web?.name ?? '', client, args))).split(' ')[0] ?? '';

  beforeAll(async () => {
    node = new ScratchNode();
    web = node.addPod(1);
    dns = node.addPod(2);
    const out = node.name.replace(/-node$/, '-out');
    run(`ip -n ${out} address add ${outside}/24 dev eth0`);
    run(`ip -n ${out} route add 10.253.1.0/24 via 10.253.0.2`);
    await Promise.all([
      firstLine(start(out, server, [outside, String(port), String(otherPort)])),
      firstLine(start(dns.name, resolver, [dns.ip, Buffer.from(dnsMessage(name, [{ owner: name, alias: 'edge.cdn.net' }, { owner: 'edge.cdn.net', address: outside.split('.').map(Number), ttl: 5 }])).toString('hex')])),
    ]);
    kernel = openKernel({ objectPath });
    agent = await startAgent({
      nodeName: 'scratch', kernel: { kind: 'kernel', kernel }, catalog: catalogFromObjects([{ kind: 'Node', metadata: { name: 'scratch' } }, pod('shop', 'web', web.ip), pod('kube-system', 'dns', dns.ip), policy]),
      mode: 'enforce', listen: [`unix://${join(folder, 'agent.sock')}`], history: { rows: 4_095 },
    });
    channel = new Channel(parseTarget(agent.addresses[0] ?? ''));
  });

  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    channel?.close();
    await agent?.close();
    kernel?.close();
    node?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a pod that asks a resolver reaches what the answer names, on the rule\'s port alone, and flows say by which name', async () => {
    const question = Buffer.from(dnsMessage(name, [], { flags: 0x0100 })).toString('hex');
    expect(await outcome([outside, String(port)])).toBe('refused');
    expect(await outcome([outside, String(port), dns?.ip ?? '', question])).toBe('connected');
    expect(await Promise.all([outcome([outside, String(port)]), outcome([outside, String(otherPort)])])).toEqual(['connected', 'refused']);
    const flows: Flow[] = [];
    for await (const { flow } of channel.stream(ObserverService.GetFlows, { number: 1_000n })) if (flow !== undefined) flows.push(flow);
    const allowed = flows.find((flow) => flow.l4?.TCP?.destination_port === port && flow.verdict === 1 && flow.source?.pod_name === 'web');
    expect(allowed?.destination).toMatchObject({ labels: ['fqdn:*.example.com', 'reserved:world'], identity: expect.any(Number) as number });
    expect(allowed?.destination?.identity).toBeGreaterThan(16_777_216);
  });
});
