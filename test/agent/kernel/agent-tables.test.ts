import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kernel } from '../../../agent/decode/kernel.ts';
import { multicastDevices, nodeNameIn, serviceBackends, withAgentTables } from '../../../agent/kernel/agent-tables.ts';
import { cgroup2Mount } from '../../../agent/kernel/cgroup.ts';
import { boottimeNs } from '../../../agent/kernel/native.ts';
import { openKernel } from '../../../agent/kernel/open-kernel.ts';
import { CONNTRACK, CONNTRACK_KEY, CONNTRACK_SIDE, readAddress, readConnection, readDevice, readService } from '../../../agent/kernel/table-rows.ts';
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
