import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kernel } from '../../../agent/decode/kernel.ts';
import { multicastDevices, nodeNameIn, policyMaps, serviceBackends, withAgentTables } from '../../../agent/kernel/agent-tables.ts';
import { cgroup2Mount } from '../../../agent/kernel/cgroup.ts';
import { boottimeNs } from '../../../agent/kernel/native.ts';
import { openKernel } from '../../../agent/kernel/open-kernel.ts';
import { CONNTRACK, CONNTRACK_KEY, CONNTRACK_SIDE, POLICY, POLICY_KEY, readAddress, readConnection, readDevice, readPolicyEntry, readService } from '../../../agent/kernel/table-rows.ts';
import { ANY_PEER } from '../../../agent/policy/compile.ts';
import { missingForKernelTests, objectPath, ScratchNode, type ScratchPod } from './scratch-namespaces.ts';

test.each<[string[], string | undefined]>([
  [['node', 'hubtop.js', 'agent', '--node-name', 'node-a'], 'node-a'], [['agent', '--node-name=b'], 'b'], [['agent'], undefined], [['agent', '--node-name'], undefined],
])('nodeNameIn(%j) is %s', (words, name) => {
  expect(nodeNameIn(words)).toBe(name);
});

test('multicastDevices() reads numbers and names, one of each device', () => {
  expect(multicastDevices('4    eth0            1     0     01005e000001\n4    eth0            1     0     333300000001\n12   veth1           1     0     333300000001\n')).toEqual(new Map([[4, 'eth0'], [12, 'veth1']]));
  expect(multicastDevices('').size).toBe(0);
});

describe('readConnection()', () => {
  const bytes = (fields: { protocol?: number; closing?: number; flags?: number; reported?: [number, number]; isClientB?: boolean }): [Uint8Array, Uint8Array] => {
    const [key, value] = [new Uint8Array(44), new Uint8Array(CONNTRACK.side + 2 * CONNTRACK_SIDE.end)];
    key.set([10, 0, 0, 1], CONNTRACK_KEY.a);
    key.set([10, 0, 0, 2], CONNTRACK_KEY.b);
    key[CONNTRACK_KEY.family] = 4;
    key[CONNTRACK_KEY.protocol] = fields.protocol ?? 6;
    new DataView(key.buffer).setUint16(CONNTRACK_KEY.a_port, 40_000);
    new DataView(key.buffer).setUint16(CONNTRACK_KEY.b_port, 80);
    const view = new DataView(value.buffer);
    value[CONNTRACK.closing] = fields.closing ?? 0;
    value[CONNTRACK.flags] = fields.flags ?? 0;
    value[CONNTRACK.client_is_b] = fields.isClientB === true ? 1 : 0;
    for (const [side, second] of (fields.reported ?? [7, 7]).entries()) view.setUint32(CONNTRACK.side + side * CONNTRACK_SIDE.end + CONNTRACK_SIDE.last_report, second, true);
    view.setUint32(CONNTRACK.side + CONNTRACK_SIDE.end + CONNTRACK_SIDE.skbs, 5, true);
    return [key, value];
  };

  test.each<[Parameters<typeof bytes>[0], string]>([
    [{}, 'open'], [{ reported: [7, 0] }, 'opening'], [{ reported: [7, 0], flags: 0x20 }, 'open'], [{ closing: 1 }, 'half closed'], [{ closing: 3 }, 'closed'], [{ closing: 0x81 }, 'reset'], [{ protocol: 17 }, ''],
  ])('%j is %s', (fields, state) => {
    expect(readConnection(...bytes(fields)).state).toBe(state);
  });

  test('gives the client its own port and packets, whichever end was sorted first', () => {
    expect(readConnection(...bytes({}))).toMatchObject({ client: { ip: '10.0.0.1', port: 40_000, packets: 0 }, server: { ip: '10.0.0.2', port: 80, packets: 5 } });
    expect(readConnection(...bytes({ isClientB: true }))).toMatchObject({ client: { ip: '10.0.0.2', port: 80, packets: 5 }, server: { ip: '10.0.0.1', port: 40_000, packets: 0 } });
  });
});

test.each<[string, { protocol: number; port: number; bits: number; flags?: number; policy?: number; parser?: number }, object]>([
  ['a port', { protocol: 17, port: 53, bits: 24 }, { protocol: 17, ports: { first: 53, last: 53 }, says: 'allow' }],
  ['a port whose requests are parsed', { protocol: 17, port: 53, bits: 24, parser: 2 }, { parser: 'dns' }],
  ['a parser without a number', { protocol: 6, port: 53, bits: 24, parser: 255 }, { parser: 'other' }],
  ['a range of ports', { protocol: 6, port: 0x2000, bits: 16 }, { ports: { first: 8_192, last: 8_447 } }],
  ['a protocol', { protocol: 6, port: 0, bits: 8 }, { protocol: 6, ports: undefined }],
  ['a type of ICMP', { protocol: 1, port: 8 << 8, bits: 16 }, { protocol: 1, ports: { first: 8, last: 8 } }],
  ['a deny rule', { protocol: 6, port: 22, bits: 24, flags: 1 }, { says: 'deny' }],
  ['a named port nobody knows', { protocol: 6, port: 22, bits: 24, flags: 4 }, { says: 'unknown port' }],
  ['nothing at all', { protocol: 0, port: 0, bits: 0, policy: 0 }, { protocol: undefined, says: 'no policy' }],
])('readPolicyEntry() of %s', (_case, { protocol, port, bits, flags = 0, policy = 7, parser = 0 }, expected) => {
  const [key, value] = [new Uint8Array(12), new Uint8Array(8)];
  key[POLICY_KEY.direction] = 2;
  key[POLICY_KEY.protocol] = protocol;
  new DataView(key.buffer).setUint16(POLICY_KEY.port_be, port);
  new DataView(value.buffer).setUint32(POLICY.policy, policy, true);
  value.set([flags, bits, parser], POLICY.flags);
  expect(readPolicyEntry(key, value)).toMatchObject({ direction: 'egress', peer: 0, ...expected });
});

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: agent/kernel/agent-tables with the real kernel: ${missing}`);

const mount = missing === undefined ? cgroup2Mount(readFileSync('/proc/mounts', 'utf8')) : undefined;
const cgroup = mount === undefined ? undefined : `${mount}/hubtop-tables-${process.pid}`;

describe.skipIf(missing !== undefined)('withAgentTables() beside an agent that runs', () => {
  let node: ScratchNode;
  let pods: ScratchPod[];
  let kernel: Kernel;

  beforeAll(() => {
    node = new ScratchNode();
    pods = [node.addPod(1), node.addPod(2)];
    if (cgroup !== undefined) mkdirSync(cgroup);
    kernel = openKernel({ objectPath, conntrackEntries: 1_024, ...(cgroup === undefined ? {} : { cgroup, services: 'translate' }) });
    kernel.setAddresses(pods.map(({ ip }, i) => ({ ip, ref: 11 + i, labels: 101 + i, isLocal: true })), []);
  });

  afterAll(() => {
    kernel?.close();
    node?.remove();
    if (cgroup !== undefined) rmdirSync(cgroup);
  });

  test('reads what policies say at each endpoint', async () => {
    const row = { peer: 102, direction: 1, bits: 24, protocol: 6, port: 8080, policy: 7, flags: 0, parser: 1 };
    expect(kernel.setPolicies({ mode: 'audit', networks: [], endpoints: new Map([[101, [row, { ...row, peer: ANY_PEER, bits: 0, protocol: 0, port: 0, flags: 3, parser: 0 }]], [102, [{ ...row, direction: 2, bits: 20, port: 4096 }]]]) })).toEqual([]);
    await withAgentTables((agents) => {
      const table = agents.find(({ pid }) => pid === process.pid)?.tables.get('ht_policies');
      const read = table === undefined ? [] : [...policyMaps(table)].map(({ labels }) => labels);
      const entries = new Map(table === undefined ? [] : read.map((labels) => [labels, [] as unknown[]]));
      for (const { labels, map } of table === undefined ? [] : policyMaps(table)) map.forEach((key, value) => entries.get(labels)?.push(readPolicyEntry(key, value)));
      expect(read.toSorted()).toEqual([101, 102]);
      expect(entries.get(101)).toHaveLength(2);
      expect(entries.get(101)).toEqual(expect.arrayContaining([
        { direction: 'ingress', peer: 102, protocol: 6, ports: { first: 8080, last: 8080 }, says: 'allow', policy: 7, parser: 'http' },
        { direction: 'ingress', peer: undefined, protocol: undefined, ports: undefined, says: 'default deny', policy: 7, parser: '' },
      ]));
      expect(entries.get(102)).toEqual([{ direction: 'egress', peer: 102, protocol: 6, ports: { first: 4096, last: 4111 }, says: 'allow', policy: 7, parser: 'http' }]);
      return Promise.resolve();
    });
    expect(kernel.setPolicies({ mode: 'observe', networks: [], endpoints: new Map() })).toEqual([]);
  });

  test.skipIf(cgroup === undefined)('reads where it sends sockets', async () => {
    kernel.setServices([
      { service: 4, ip: '10.96.0.9', port: 80, protocol: 6, backends: [{ ip: '10.253.1.1', port: 8080 }, { ip: '10.253.1.2', port: 8080 }] },
      { service: 5, ip: 'fd00:96::9', port: 53, protocol: 17, backends: [] },
    ]);
    await withAgentTables((agents) => {
      const tables = agents.find(({ pid }) => pid === process.pid)?.tables;
      const read = [...(tables?.get('ht_services')?.batches() ?? [])].flat().map((entry) => readService(...entry, (key) => tables?.get('ht_backends')?.lookup(key)));
      expect(read.toSorted((one, other) => one.service - other.service)).toEqual([
        { ip: '10.96.0.9', port: 80, protocol: 6, service: 4, isTranslated: true, backendCount: 2, backends: ['10.253.1.1:8080', '10.253.1.2:8080'] },
        { ip: 'fd00:96::9', port: 53, protocol: 17, service: 5, isTranslated: true, backendCount: 0, backends: [] },
      ]);
      return Promise.resolve();
    });
    expect(serviceBackends().get('10.96.0.9:80 TCP')).toBe(2);
    kernel.setServices([{ service: 4, ip: '10.96.0.9', port: 80, protocol: 6, backends: [{ ip: '10.253.1.1', port: 8080 }] }]);
    expect(serviceBackends().get('10.96.0.9:80 TCP')).toBe(1);
  });

  test('reads its connections, addresses and devices, and finds its process', async () => {
    const [web, api] = pods;
    web?.inside(`ping -q -c 2 -i 0.01 ${api?.ip ?? ''}`);
    await withAgentTables(async (agents) => {
      const mine = agents.filter(({ pid }) => pid === process.pid);
      expect(mine).toHaveLength(1);
      const tables = mine[0]?.tables;
      const [connections, addresses, devices] = [tables?.get('ht_conntrack'), tables?.get('ht_addresses'), tables?.get('ht_devices')].map((map) => [...(map?.batches() ?? [])].flat());
      const pings = (connections ?? []).map((entry) => readConnection(...entry)).filter(({ protocol }) => protocol === 1);
      expect(pings.map(({ direction, ifindex }) => [direction, ifindex]).toSorted()).toEqual([['egress', web?.hostIfindex], ['ingress', api?.hostIfindex]]);
      for (const { client, server, createdS, seenS } of pings) {
        expect([client, server]).toMatchObject([{ ip: web?.ip, ref: 11, labels: 101 }, { ip: api?.ip, ref: 12, labels: 102 }]);
        expect(createdS <= seenS && seenS <= Number(boottimeNs() / 1_000_000_000n)).toBe(true);
      }
      expect((addresses ?? []).map((entry) => readAddress(...entry)).toSorted((one, other) => one.ref - other.ref)).toEqual(pods.map(({ ip }, i) => ({ ip, ref: 11 + i, labels: 101 + i, isLocal: true })));
      expect((devices ?? []).map((entry) => readDevice(...entry)).toSorted((one, other) => one.ref - other.ref)).toEqual(pods.map(({ hostIfindex }, i) => ({ ifindex: hostIfindex, ref: 11 + i, labels: 101 + i })));
      return Promise.resolve();
    });
  });
});
