import { expect, test } from 'vitest';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { PolicyEngine } from '../../../agent/enrich/policy-engine.ts';
import { dnsMessage } from '../dns-message.ts';

const policy = (name: string): unknown => ({
  kind: 'CiliumNetworkPolicy', metadata: { name: 'names', namespace: 'shop' },
  spec: { endpointSelector: {}, egress: [{ toFQDNs: [{ matchName: name }], toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }] }] }] },
});
const pod = { kind: 'Pod', metadata: { name: 'web', namespace: 'shop', uid: 'web', labels: { app: 'web' } }, spec: { nodeName: 'here', containers: [] }, status: { phase: 'Running', podIPs: [{ ip: '10.0.1.1' }] } };
const nowNs = 1_000_000_000_000n;

function engineOf(): PolicyEngine {
  return new PolicyEngine(new EndpointVersions('here'), 'enforce');
}

test('PolicyEngine.recallNames() has addresses that the agent before knew by name in the first tables, unless no rule names them now', () => {
  const before = engineOf();
  before.take(catalogFromObjects([pod, policy('www.example.com')]), nowNs);
  const { fresh } = before.learn({ labels: 1, isCut: false, bytes: dnsMessage('www.example.com', [{ owner: 'www.example.com', address: [93, 184, 216, 34] }]) }, nowNs);
  expect(fresh).toEqual([{ name: 'www.example.com', ip: '93.184.216.34', untilS: 4_600 }]);
  expect([...before.knownNames()]).toEqual(fresh);
  const first = (name: string, atNs = nowNs): string[] => {
    const next = engineOf();
    next.recallNames(fresh);
    return next.take(catalogFromObjects([pod, policy(name)]), atNs).upserts.map(({ ip }) => ip);
  };
  expect(first('www.example.com')).toContain('93.184.216.34');
  expect(first('other.example.com')).not.toContain('93.184.216.34');
  expect(first('www.example.com', 5_000n * 1_000_000_000n)).not.toContain('93.184.216.34');
});
