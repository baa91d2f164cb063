import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { namespaceObject, nodeObject, podObject } from '../../../agent/demo/kube-objects.ts';
import { canPinIn } from '../../../agent/kernel/pin-folder.ts';
import { kernelProblem, program } from '../../lab/lab-process.ts';
import { AgentProcess } from './agent-process.ts';
import { ownBpf, run, ScratchNode, type ScratchPod } from './scratch-namespaces.ts';
import { ALLOWED_PORT, SteadyTraffic } from './steady-traffic.ts';

const problem = kernelProblem !== '' ? kernelProblem : canPinIn('/sys/fs/bpf') ? '' : 'needs a BPF file system at /sys/fs/bpf';
if (problem !== '') console.error(`skipped: restarts of hubtop agent --mode enforce: ${problem}`);

const nodeName = `agent-${process.pid}.test`;

describe.skipIf(problem !== '')('hubtop agent --mode enforce', () => {
  let folder: string;
  let node: ScratchNode;
  let web: ScratchPod;
  let api: ScratchPod;
  let traffic: SteadyTraffic;
  let before: string[];
  const agents: AgentProcess[] = [];

  beforeEach(() => {
    before = ownBpf();
    folder = mkdtempSync(join(tmpdir(), 'hubtop-enforce-'));
    node = new ScratchNode();
    [web, api] = [node.addPod(1), node.addPod(2)];
    traffic = new SteadyTraffic();
    const pod = (name: string, { ip }: ScratchPod): unknown => podObject({ namespace: 'shop', name, node: nodeName, ips: [ip], labels: { app: name } });
    const policy = (name: string, ingress: readonly unknown[]): unknown => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'shop', uid: name }, spec: { podSelector: { matchLabels: { app: name } }, policyTypes: ['Ingress'], ingress } });
    const allowed = { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: ['TCP', 'UDP'].map((protocol) => ({ protocol, port: ALLOWED_PORT })) };
    const objects = [nodeObject(nodeName, ['10.253.0.2'], ['10.253.1.0/24']), namespaceObject('shop'), pod('web', web), pod('api', api), policy('api', [allowed]), policy('web', [])];
    writeFileSync(join(folder, 'objects.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  });

  afterEach(async () => {
    traffic.stop();
    for (const running of agents.splice(0)) await running.kill();
    hubtop('--cleanup', '--node-name', nodeName);
    node.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const inNode = (): string => `--net=/run/netns/${node.name}`;
  const hubtop = (...flags: string[]): string => spawnSync('nsenter', [inNode(), ...program, 'agent', ...flags], { encoding: 'utf8' }).stdout;
  const start = async (mode: string, ...flags: string[]): Promise<AgentProcess> => {
    const running = new AgentProcess([inNode(), ...program, 'agent', '--objects', join(folder, 'objects.json'), '--node-name', nodeName, '--listen', 'none', '--socket', join(folder, 'agent.sock'), '--mode', mode, ...flags]);
    agents.push(running);
    expect(await running.line()).toMatch(/^ready /);
    return running;
  };
  const fresh = (): string[] => ownBpf().filter((one) => !before.includes(one));

  test.each(['tcx', 'clsact'])('(%s) refuses every attempt through kill -9, restart and stop, and cuts nothing; --cleanup ends it', async (attach) => {
    let running = await start('enforce', '--attach', attach);
    await traffic.start(web, api);
    for (let restarts = 0; restarts < 2; restarts++) {
      await traffic.goesOn();
      await running.kill();
      await traffic.goesOn();
      running = await start('enforce', '--attach', attach);
      await traffic.goesOn();
      expect(await traffic.seen()).toMatchObject({ successes: 0, closed: 0, missing: 0 });
    }
    expect(hubtop('--cleanup', '--node-name', nodeName)).toMatch(new RegExp(`^left ${nodeName}: process ${running.pid} enforces its policies: stop it first$`, 'm'));
    expect(await running.stop()).toContain('hubtop agent: policies stay in force: hubtop agent --cleanup ends them\n');
    await traffic.goesOn();
    expect(await traffic.seen()).toMatchObject({ successes: 0, closed: 0, missing: 0 });
    expect(hubtop('--cleanup', '--node-name', nodeName)).toContain(attach === 'tcx' ? `removed ${nodeName}: 4 links on 2 devices` : 'removed 4 filters that dead agents left on devices');
    expect(hubtop('--cleanup', '--node-name', nodeName)).toBe('nothing to clean up\n');
    await vi.waitFor(() => expect(fresh()).toEqual([]), { timeout: 5000 });
    expect(run(`tc -n ${node.name} qdisc show`)).not.toContain('clsact');
    await expect.poll(async () => (await traffic.seen()).successes, { timeout: 10_000 }).toBeGreaterThan(0);
  }, 90_000);

  test('is ended by an agent that only audits', async () => {
    const running = await start('enforce');
    await traffic.start(web, api);
    await traffic.goesOn();
    await running.kill();
    const auditing = await start('audit');
    await expect.poll(async () => (await traffic.seen()).successes, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await auditing.stop()).toContain(`hubtop agent: removed ${nodeName}: 4 links on 2 devices, which kept its policies in force\n`);
    await vi.waitFor(() => expect(fresh()).toEqual([]), { timeout: 5000 });
  }, 60_000);
});
