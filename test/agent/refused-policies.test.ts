import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAgent } from '../../agent/agent.ts';
import { catalogFromObjects } from '../../agent/catalog/catalog-from-objects.ts';
import type { Kernel, PolicyTables } from '../../agent/decode/kernel.ts';
import { createSimKernel } from '../../agent/sim/sim-kernel.ts';
import { Channel } from '../../src/rpc/channel.ts';
import { parseTarget } from '../../src/rpc/target.ts';
import { TelemetryService } from '../../src/wire/services.ts';
import { policyObjects } from './policy/read-policies.ts';
import { smallPlan } from './sim/small-plan.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name: 'web', uid: 'u', labels: { app: 'web' } }, spec: { nodeName: 'node-a' }, status: { phase: 'Running', podIP: '10.0.1.1', podIPs: [{ ip: '10.0.1.1' }] } };
const catalog = catalogFromObjects([{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } }, pod]);
const many = Array.from({ length: 20 }, (_, i) => `kind: NetworkPolicy\nmetadata: {name: n${i}, namespace: shop}\nspec: {podSelector: {}, ingress: [${Array.from({ length: 1_000 }, (_each, j) => `{ports: [{port: ${i * 1_000 + j + 1}}]}`).join()}]}\n`).join('---\n');
const one = 'kind: NetworkPolicy\nmetadata: {name: one, namespace: shop}\nspec: {podSelector: {}}\n';

test('an agent whose policies are too many for a map, or whose kernel refuses one, says so once as a line and as a change, and keeps what was in force', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-refused-'));
  const sim = createSimKernel({ nodeName: 'node-a', seed: 1, plan: smallPlan, startNs: 0n, ringBytes: [1 << 16, 1 << 16], cpus: 1, conntrackMax: 256, kernelConntrackFill: 0, bootId: 'boot' });
  const given: PolicyTables[] = [];
  let refusal = '';
  const kernel: Kernel = { ...sim, setPolicies: (tables) => {
    given.push(tables);
    return refusal === '' ? [] : [...tables.endpoints.keys()].map((labels) => ({ labels, reason: refusal }));
  } };
  const warnings: string[] = [];
  const agent = await startAgent({ nodeName: 'node-a', kernel: { kind: 'kernel', kernel }, mode: 'enforce', catalog: { ...catalog, policies: policyObjects(one) }, listen: [`unix://${join(folder, 'agent.sock')}`], history: { rows: 255 }, onWarning: (line) => { warnings.push(line); } });
  const channel = new Channel(parseTarget(agent.addresses[0] ?? ''));
  try {
    const before = given.at(-1)?.endpoints;
    const lines = ['policies of shop/web: 20003 entries where a policy map holds 16384; what was in force for it stays', 'policies of shop/web: no room among 1024 endpoints with policies: E2BIG; they are not in force for it'];
    const edit = (): void => {
      for (let i = 0; i < 2; i++) agent.setCatalog({ ...catalog, policies: policyObjects(many) });
      refusal = 'no room among 1024 endpoints with policies: E2BIG; they are not in force for it';
      agent.setCatalog({ ...catalog, policies: policyObjects(one) });
    };
    const details: string[] = [];
    let hasEdited = false;
    // changes are told once: whoever wants them listens before
    for await (const { changes } of channel.stream(TelemetryService.Watch, {})) {
      if (!hasEdited) edit();
      hasEdited = true;
      for (const { kind, node, detail } of changes ?? []) if (kind === 'objects-broken') details.push(`${node} ${detail}`);
      if (details.length >= lines.length) break;
    }
    expect(details).toEqual(lines.map((line) => `node-a ${line}`));
    expect(warnings).toEqual(lines);
    expect(given.map(({ endpoints }) => [...endpoints.values()].map((rows) => rows.length))).toEqual(given.map(() => [[...before?.values() ?? []][0]?.length]));
  } finally {
    channel.close();
    await agent.close();
    sim.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
