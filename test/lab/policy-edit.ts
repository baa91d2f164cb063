import { renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Lab } from '../../agent/lab/lab.ts';
import { type YamlValue, yamlText } from '../../src/lib/yaml-text.ts';

/** An ingress rule of chat-relay: pods of an app, of the policy's own namespace unless another is named. */
export interface AllowedApp {
  app: string;
  namespace?: string;
}

/** Puts another objects file in place of the lab's, in which the policy of chat-relay allows these apps; gives back when. */
export function editPolicy(lab: Lab, allowed: readonly AllowedApp[], who: string): number {
  const objects = lab.plan.objects.map((object) => (object['kind'] === 'NetworkPolicy' ? chatRelayPolicy(allowed, who) : object));
  const fresh = join(dirname(lab.objectsPath), '.objects.new');
  writeFileSync(fresh, objects.map((object) => yamlText(object as YamlValue)).join('---\n'));
  renameSync(fresh, lab.objectsPath);
  return Date.now();
}

function chatRelayPolicy(allowed: readonly AllowedApp[], who: string): object {
  return {
    apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy',
    metadata: { namespace: 'default', name: 'chat-relay-ingress', managedFields: [{ manager: who, operation: 'Update', time: new Date().toISOString() }] },
    spec: {
      podSelector: { matchLabels: { app: 'chat-relay' } }, policyTypes: ['Ingress'],
      ingress: allowed.map(({ app, namespace }) => ({
        from: [{ podSelector: { matchLabels: { app } }, ...(namespace === undefined ? {} : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }) }],
      })),
    },
  };
}
