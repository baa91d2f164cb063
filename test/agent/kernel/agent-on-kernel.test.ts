import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAgent, type Agent } from '../../../agent/agent.ts';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import type { Kernel } from '../../../agent/decode/kernel.ts';
import { openKernel } from '../../../agent/kernel/open-kernel.ts';
import { Channel } from '../../../src/rpc/channel.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { ObserverService } from '../../../src/wire/services.ts';
import { ScratchNode, missingForKernelTests, objectPath, type ScratchPod } from './scratch-namespaces.ts';

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: an agent on the real kernel: ${missing}`);

/** Kubernetes objects of a pod, as kubectl prints them. */
function podObject(namespace: string, name: string, ip: string): object {
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: { namespace, name, uid: `uid-${name}`, labels: { app: name } },
    spec: { nodeName: 'scratch' },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
  };
}

describe.skipIf(missing !== undefined)('an agent on the real kernel', () => {
  let node: ScratchNode;
  let web: ScratchPod;
  let api: ScratchPod;
  let kernel: Kernel;
  let agent: Agent;
  let channel: Channel;
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-kernel-'));
  const warnings: string[] = [];

  beforeAll(async () => {
    node = new ScratchNode();
    web = node.addPod(1);
    api = node.addPod(2);
    kernel = openKernel({ objectPath, onWarning: (text) => warnings.push(text) });
    const objects = [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'scratch' } }, podObject('shop', 'web', web.ip), podObject('shop', 'api', api.ip)];
    agent = await startAgent({
      nodeName: 'scratch', kernel: { kind: 'kernel', kernel }, catalog: catalogFromObjects(objects),
      listen: [`unix://${join(folder, 'agent.sock')}`], history: { rows: 4095 }, onWarning: (text) => warnings.push(text),
    });
    channel = new Channel(parseTarget(agent.addresses[0] ?? ''));
  });

  afterAll(async () => {
    channel?.close();
    await agent?.close();
    kernel?.close();
    node?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function follow(isEnough: (flows: Flow[]) => boolean): Promise<Flow[]> {
    const flows: Flow[] = [];
    for await (const answer of channel.stream(ObserverService.GetFlows, { follow: true, number: 1000n })) {
      if (answer.flow !== undefined) flows.push(answer.flow);
      if (isEnough(flows)) break;
    }
    return flows;
  }

  test('serves flows of real packets with the names of both ends', async () => {
    web.inside(`ping -q -c 2 -i 0.05 ${api.ip}`);
    const isPing = (flow: Flow): boolean => flow.l4?.ICMPv4?.type === 8 && flow.source?.pod_name === 'web' && flow.destination?.pod_name === 'api';
    const pings = (await follow((flows) => flows.filter(isPing).length >= 2)).filter(isPing);
    expect(pings.map((flow) => flow.interface?.name).sort()).toEqual(['pod1', 'pod2']);
    expect(pings[0]).toMatchObject({ node_name: 'scratch', verdict: 1, IP: { source: web.ip, destination: api.ip }, source: { namespace: 'shop' } });
    expect(warnings).toEqual([]);
  });

  test('serves a kernel drop as a dropped flow that says kernel: NO_SOCKET', async () => {
    web.inside(`bash -c echo>/dev/udp/${api.ip}/4242`);
    const isDrop = (flow: Flow): boolean => flow.verdict === 2 && flow.l4?.UDP?.destination_port === 4242;
    const [drop] = (await follow((flows) => flows.some(isDrop))).filter(isDrop);
    expect(drop).toMatchObject({ source: { pod_name: 'web' }, destination: { pod_name: 'api' }, event_type: { type: 1, sub_type: 255 } });
    expect(drop?.Summary).toMatch(/^kernel: NO_SOCKET/);
  });
});
