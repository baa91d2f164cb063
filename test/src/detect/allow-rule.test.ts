import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { allowRule } from '../../../src/detect/allow-rule.ts';
import { dropContext, type DropContext } from '../../../src/detect/drop-context.ts';
import { ruleFile } from '../../../src/detect/rule-file.ts';
import { workloadLabels } from '../../../src/detect/workload-labels.ts';
import { figures } from '../../../src/model/figures.ts';
import type { State } from '../../../src/model/state.ts';
import type { Endpoint } from '../../../src/wire/gen/flow.ts';
import type { Refusal } from '../../../src/wire/gen/hubtop.ts';
import { EVIL, emptyScene, hostileScene, START_MS } from '../views/scenes.ts';
import { timestampOf } from '../../../src/model/time.ts';
import { storyScene } from './story-scene.ts';

const pod = (app: string, namespace: string, more: string[] = []): Endpoint => ({ identity: 4_000, namespace, labels: [`k8s:app=${app}`, `k8s:io.kubernetes.pod.namespace=${namespace}`, ...more], workloads: [{ kind: 'Deployment', name: app }] });
const egress: Refusal = { direction: 2, selecting: [{ name: 'base', namespace: 'shop', kind: 'CiliumNetworkPolicy', revision: 3n }] };
const ingress: Refusal = { direction: 1, selecting: [{ name: 'base', namespace: 'shop', kind: 'NetworkPolicy', revision: 3n }] };

interface Told {
  source: Endpoint;
  destination: Endpoint;
  refusal?: Refusal;
  port?: number;
  protocol?: number;
  reason?: number;
}

function dropScene({ source, destination, refusal, port = 8443, protocol = 6, reason = 133 }: Told): State {
  const state = emptyScene();
  for (let second = 1; second <= 5; second++) {
    const nowMs = START_MS + second * 1000;
    update(state, { type: 'tick', nowMs });
    update(state, { type: 'telemetry', report: { time: timestampOf(nowMs), interval_ns: 1e9, drops: [{ reason, source, destination, port, protocol, skbs: 4, ...(refusal === undefined ? {} : { refusal }) }] } });
  }
  return state;
}

function contextOf(told: Told, addresses: readonly string[] = []): DropContext {
  const state = dropScene(told);
  const [drop] = figures(state).drops;
  if (drop === undefined) throw new Error('no drop');
  const fact = state.dropFacts.at(drop.key);
  for (const address of addresses) fact.destinationAddresses.add(address);
  return dropContext(state, drop);
}

function policyOf(told: Told, addresses: readonly string[] = []): unknown {
  const rule = allowRule(contextOf(told, addresses));
  return typeof rule === 'string' ? rule : rule.policy;
}

describe('allowRule()', () => {
  test('egress of a Cilium policy: labels of the workload only, the exact port', () => {
    expect(policyOf({ source: pod('checkout', 'shop', ['k8s:pod-template-hash=5c8d']), destination: pod('payments', 'pay', ['k8s:statefulset.kubernetes.io/pod-name=payments-0']), refusal: egress })).toEqual({
      apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata: { name: 'allow-checkout-payments-8443', namespace: 'shop' },
      spec: {
        endpointSelector: { matchLabels: { app: 'checkout' } },
        egress: [{ toEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'pay', app: 'payments' } }], toPorts: [{ ports: [{ port: '8443', protocol: 'TCP' }] }] }],
      },
    });
  });

  test('ingress of a NetworkPolicy stands at the destination', () => {
    expect(policyOf({ source: pod('checkout', 'shop'), destination: pod('payments', 'pay'), refusal: ingress, port: 53, protocol: 17 })).toEqual({
      apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'allow-checkout-payments-53', namespace: 'pay' },
      spec: {
        podSelector: { matchLabels: { app: 'payments' } }, policyTypes: ['Ingress'],
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } }, podSelector: { matchLabels: { app: 'checkout' } } }], ports: [{ protocol: 'UDP', port: 53 }] }],
      },
    });
  });

  test('in one namespace no namespace is named', () => {
    expect(JSON.stringify(policyOf({ source: pod('a', 'shop'), destination: pod('b', 'shop'), refusal: ingress }))).not.toContain('namespaceSelector');
    expect(JSON.stringify(policyOf({ source: pod('a', 'shop'), destination: pod('b', 'shop'), refusal: egress }))).not.toContain('pod.namespace');
  });

  const world: Endpoint = { identity: 2, labels: ['reserved:world'] };

  test('the world is named by the addresses that were seen, never as a whole', () => {
    expect(policyOf({ source: pod('a', 'shop'), destination: world, refusal: egress }, ['192.0.2.7', '2001:db8::1'])).toMatchObject({ spec: { egress: [{ toCIDR: ['192.0.2.7/32', '2001:db8::1/128'] }] } });
    expect(policyOf({ source: pod('a', 'shop'), destination: world, refusal: { ...ingress, direction: 2 } }, ['192.0.2.7'])).toMatchObject({ kind: 'NetworkPolicy', spec: { egress: [{ to: [{ ipBlock: { cidr: '192.0.2.7/32' } }] }] } });
    expect(policyOf({ source: pod('a', 'shop'), destination: world, refusal: egress })).toBe('no address was seen yet: a rule for the whole world would be too much');
  });

  test('an entity and ICMP need a Cilium policy whatever the deciding one is', () => {
    const apiServer: Endpoint = { identity: 7, labels: ['reserved:kube-apiserver'] };
    expect(policyOf({ source: pod('a', 'shop'), destination: apiServer, refusal: { ...ingress, direction: 2 }, port: 6443 })).toMatchObject({ kind: 'CiliumNetworkPolicy', spec: { egress: [{ toEntities: ['kube-apiserver'] }] } });
    expect(policyOf({ source: pod('a', 'shop'), destination: pod('b', 'shop'), refusal: ingress, port: 8, protocol: 1 })).toMatchObject({ kind: 'CiliumNetworkPolicy', spec: { ingress: [{ icmps: [{ fields: [{ family: 'IPv4', type: 8 }] }] }] } });
  });

  test.each<[string, Told, string]>([
    ['a deny rule', { source: pod('a', 'shop'), destination: pod('b', 'shop'), refusal: { ...egress, denied_by: [{ name: 'no', namespace: 'shop' }] } }, 'a deny rule wins over every allow rule: shop/no has to change'],
    ['no policy at all', { source: pod('a', 'shop'), destination: pod('b', 'shop'), reason: 155 }, 'no policy dropped this: a rule would not help'],
    ['nobody says where', { source: pod('a', 'shop'), destination: pod('b', 'shop') }, 'nobody said at which end it was refused, so there is no telling whose rule is missing'],
    ['no labels', { source: pod('a', 'shop'), destination: { identity: 9, namespace: 'shop', workloads: [{ name: 'b' }] }, refusal: egress }, 'no labels are known that tell shop/b from others'],
    ['nobody', { source: pod('a', 'shop'), destination: { identity: 0, labels: ['reserved:unknown'] }, refusal: egress }, 'unknown is nobody a rule could name'],
  ])('says why there is none: %s', (_what, told, words) => {
    expect(policyOf(told)).toBe(words);
  });
});

test.each([['policy-edit', 'NetworkPolicy', 'ingress'], ['kafka-broker', 'CiliumNetworkPolicy', 'egress'], ['identity-churn', 'CiliumNetworkPolicy', 'ingress']])('ruleFile() of %s parses back and says what it is', (name, kind, side) => {
  const state = storyScene(name, { seconds: 250, relay: 'ours' });
  const drop = figures(state).drops.find((candidate) => candidate.class === 'pol');
  const file = drop === undefined ? 'no drop' : ruleFile(state, drop);
  if (typeof file === 'string') throw new Error(file);
  expect(load(file.text)).toMatchObject({ kind, metadata: { name: file.stem }, spec: { [side]: [expect.anything()] } });
  expect(file.text).toMatch(/^# hubtop wrote this at 2026-03-01T21:30:10Z for somebody to review\. Nobody has applied it\.\n/);
  expect(file.text).toMatch(/^[\x20-\x7e\n]*$/);
  expect(file.text.replaceAll(/^#.*\n/gm, '')).toMatchSnapshot();
});

test('ruleFile() of hostile names is valid, plain and on its lines', () => {
  const evil = pod(EVIL.join(''), EVIL[4], EVIL.map((text) => `k8s:${text}=${text}`));
  const state = dropScene({ source: { ...evil, labels: [...(evil.labels ?? []), 'k8s:tier=web'] }, destination: pod('b', 'shop'), refusal: { ...egress, closest: { rule: EVIL[4], misses: [...EVIL] } } });
  const [drop] = figures(state).drops;
  const file = drop === undefined ? 'no drop' : ruleFile(state, drop);
  if (typeof file === 'string') throw new Error(file);
  expect(file.text).toMatch(/^[\x20-\x7e\n]*$/);
  expect(file.stem).toMatch(/^allow-[a-z0-9-]+$/);
  expect(load(file.text)).toMatchObject({ spec: { endpointSelector: { matchLabels: { tier: 'web' } } } });
  for (const candidate of figures(hostileScene()).drops) expect(typeof ruleFile(hostileScene(), candidate)).toBe('string');
});

test.each([
  [['k8s:app=web', 'k8s:pod-template-hash=abc', 'k8s:team=x'], { app: 'web' }],
  [['k8s:app.kubernetes.io/name=web', 'k8s:app.kubernetes.io/instance=blue', 'k8s:helm.sh/chart=web-1'], { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/instance': 'blue' }],
  [['k8s:tier=web', 'k8s:controller-revision-hash=1', 'k8s:batch.kubernetes.io/job-name=j'], { tier: 'web' }],
  [['reserved:world', 'cidr:10.0.0.0/8', 'k8s:io.kubernetes.pod.namespace=shop'], {}],
  [['k8s:app=bad value', 'k8s:-x=1'], {}],
])('workloadLabels() of %j', (labels, kept) => {
  expect(workloadLabels(labels)).toEqual(kept);
});
