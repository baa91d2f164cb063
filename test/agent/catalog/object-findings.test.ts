import { expect, test } from 'vitest';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import { plainNumber } from '../../../agent/catalog/identity-numbers.ts';
import { identityFindings, objectFindings } from '../../../agent/catalog/object-findings.ts';

function pods(names: readonly string[]): unknown[] {
  return names.map((app, i) => ({ kind: 'Pod', metadata: { name: app, namespace: 'shop', uid: app, labels: { app } }, spec: { nodeName: 'n', containers: [] }, status: { phase: 'Running', podIPs: [{ ip: `10.0.${i >> 8}.${i & 255}` }] } }));
}

test('identityFindings() lists the label sets that meet in one number, and the numbers they have', () => {
  const { endpoints } = catalogFromObjects(pods(Array.from({ length: 2_000 }, (_, i) => `app-${(Math.imul(i + 1, 2_654_435_761) >>> 0).toString(36)}-${(i * 7919) % 977}`)));
  const numbers = endpoints.map(({ labels }) => plainNumber(labels.join('\n')));
  const collisions = new Set(numbers.filter((number, i) => numbers.indexOf(number) !== i));
  expect(collisions.size, 'two thousand sets in 65,280 numbers').toBeGreaterThan(2);
  const [number = 0] = collisions;
  const those = endpoints.filter((_, i) => numbers[i] === number);
  const findings = identityFindings({ endpoints: those });
  const names = those.map(({ pod_name, identity }) => `shop app=${pod_name},io.cilium.k8s.policy.serviceaccount=default has ${identity}`);
  expect(findings).toEqual([{
    what: 'identities', standing: 'less', says: `hash ${number} is that of ${those.length} label sets: ${names.join('; ')}`,
    advice: 'verdicts are not touched; where one of them goes, the number of another may change: CiliumIdentity objects fix numbers',
  }]);
  expect(new Set(those.map(({ identity }) => identity)).size).toBe(those.length);
  expect(identityFindings({ endpoints })).toHaveLength(Math.min(5, collisions.size) + (collisions.size > 5 ? 1 : 0));
});

test('identityFindings() of sets that do not meet, and of pods on the host\'s network, which have none', () => {
  expect(identityFindings(catalogFromObjects(pods(['a', 'b'])))).toEqual([{ what: 'identities', standing: 'ok', says: '2 label sets, each with a number of its own' }]);
  expect(identityFindings({ endpoints: [] })[0]?.says).toMatch(/^0 label sets/);
});

test('objectFindings() rejects a path that is not there', async () => {
  await expect(objectFindings(['/nowhere/objects.yaml'])).rejects.toThrow('cannot read objects from /nowhere/objects.yaml');
});
