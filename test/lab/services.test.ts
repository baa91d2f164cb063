import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { labCgroup } from '../../agent/lab/lab-cgroups.ts';
import { startLab, type Lab } from '../../agent/lab/lab.ts';
import { openChannel } from '../../src/rpc/channel.ts';
import { parseTarget } from '../../src/rpc/target.ts';
import { type Flow, Verdict } from '../../src/wire/gen/flow.ts';
import { ObserverService } from '../../src/wire/services.ts';
import { eventually, kernelProblem, program } from './lab-process.ts';

const id = 'tserv';
const problem = kernelProblem !== '' ? kernelProblem : labCgroup(id) === undefined ? 'needs cgroup v2' : '';
if (problem !== '') console.warn(`skipped: services of the lab (${problem})`);

const virtualIp = '10.96.1.11';
const service = { name: 'api', namespace: 'shop' };

async function flowsOf(lab: Lab, node: string): Promise<Flow[]> {
  const agent = lab.agents.find((candidate) => candidate.node === node);
  const channel = openChannel(parseTarget(agent?.address ?? ''));
  const flows: Flow[] = [];
  try {
    for await (const { flow } of channel.stream(ObserverService.GetFlows, { number: 4_000n })) if (flow !== undefined) flows.push(flow);
  } finally {
    channel.close();
  }
  return flows;
}

describe.skipIf(problem !== '')('services of the lab', { timeout: 60_000 }, () => {
  let lab: Lab | undefined;
  afterEach(async () => { await lab?.close(); });

  test('a web that asks for the virtual address of api reaches a pod of it: told at the socket, and on the packets both ways', async () => {
    const running = lab = await startLab({ program, id });
    for (const node of ['node-a', 'node-b']) {
      const isWeb = (flow: Flow, side: 'source' | 'destination'): boolean => flow[side]?.pod_name?.startsWith('web-') === true;
      const found = await eventually(`a translated connection of ${node}`, async () => {
        const flows = await flowsOf(running, node);
        const asked = flows.find((flow) => flow.verdict === Verdict.TRACED && flow.IP?.destination === virtualIp && isWeb(flow, 'source'));
        const sent = flows.find((flow) => flow.verdict === Verdict.TRANSLATED && flow.socket_cookie === asked?.socket_cookie);
        const packet = flows.find((flow) => flow.l4?.TCP?.flags?.SYN === true && isWeb(flow, 'source') && flow.destination_service !== undefined);
        const reply = flows.find((flow) => flow.is_reply?.value === true && isWeb(flow, 'destination') && flow.source_service !== undefined);
        // connections to the same pod by its own address name no service
        const direct = flows.find((flow) => flow.l4?.TCP?.flags?.SYN === true && isWeb(flow, 'source') && flow.l4.TCP.destination_port === 8080 && flow.destination_service === undefined);
        return asked === undefined || sent === undefined || packet === undefined || reply === undefined || direct === undefined ? undefined : { asked, sent, packet, reply, flows };
      });
      const { asked, sent, packet, reply, flows } = found;
      expect(asked).toMatchObject({ Type: 3, event_type: { type: 7, sub_type: 1 }, sock_xlate_point: 1, Summary: 'TCP', l4: { TCP: { destination_port: 8080 } }, destination_service: service });
      expect(asked.IP?.source).toBe(running.plan.pods.find(({ name }) => name === asked.source?.pod_name)?.ipv4);
      expect(asked.cgroup_id).toBeGreaterThan(0n);
      expect(sent).toMatchObject({ sock_xlate_point: 2, destination: { labels: expect.arrayContaining(['k8s:app=api']) }, destination_service: service, cgroup_id: asked.cgroup_id });
      expect(packet).toMatchObject({ destination: { labels: expect.arrayContaining(['k8s:app=api']) }, destination_service: service });
      expect(reply).toMatchObject({ source: { labels: expect.arrayContaining(['k8s:app=api']) }, source_service: service });
      expect(flows.filter((flow) => flow.event_type?.type === 4 && flow.IP?.destination === virtualIp)).toEqual([]);
    }
    await running.close();
    expect(existsSync(labCgroup(id) ?? '')).toBe(false);
  });
});
