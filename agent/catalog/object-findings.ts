import type { CatalogSnapshot } from '../decode/facts.ts';
import type { Finding } from '../kernel/finding.ts';
import { labelSetKey, plainNumber } from './identity-numbers.ts';
import { ObjectFiles } from './object-files.ts';

/** Collisions and broken objects that are told one by one. */
const MAX_TOLD = 5;
/** What of a label set tells it from others at a glance. */
const MAX_NAMED_LABELS = 6;
const UNTOLD = /^k8s:io\.(cilium\.k8s\.(namespace\.labels\.kubernetes\.io\/metadata\.name|policy\.cluster)|kubernetes\.pod\.namespace)=/;

/** Reads objects as the agent would and says what of them it understands, and which label sets want one identity number. Rejects where a path cannot be read. */
export async function objectFindings(paths: readonly string[]): Promise<Finding[]> {
  const files = new ObjectFiles(paths);
  await files.checkPaths();
  await files.scan();
  const snapshot = files.snapshot();
  return [objectsFinding(snapshot), ...identityFindings(snapshot)];
}

function objectsFinding({ endpoints, services, nodes, warnings }: CatalogSnapshot): Finding {
  const says = `${endpoints.length} pods, ${services.length} services, ${nodes.length} nodes`;
  if (warnings.length === 0) return { what: 'objects', standing: 'ok', says };
  return { what: 'objects', standing: 'less', says: `${says}; ${warnings.length} warnings`, advice: [...warnings.slice(0, MAX_TOLD), ...(warnings.length > MAX_TOLD ? [`${warnings.length - MAX_TOLD} more`] : [])].join(' | ') };
}

/** Label sets that meet in one hash: one has that number, the others took the next that was free. */
export function identityFindings({ endpoints }: Pick<CatalogSnapshot, 'endpoints'>): Finding[] {
  const sets = new Map(endpoints.filter(({ hostNetwork }) => !hostNetwork).map((fact) => [labelSetKey(fact.labels), fact]));
  const byNumber = new Map<number, { name: string; identity: number }[]>();
  for (const [key, { namespace, labels, identity }] of sets) {
    const wanted = plainNumber(key);
    byNumber.set(wanted, [...(byNumber.get(wanted) ?? []), { name: `${namespace} ${labelWords(labels)}`, identity }]);
  }
  const collisions = [...byNumber].filter(([, those]) => those.length > 1);
  if (collisions.length === 0) return [{ what: 'identities', standing: 'ok', says: `${sets.size} label sets, each with a number of its own` }];
  return [
    ...collisions.slice(0, MAX_TOLD).map(([number, those]): Finding => ({
      what: 'identities', standing: 'less', says: `hash ${number} is that of ${those.length} label sets: ${those.map(({ name, identity }) => `${name} has ${identity}`).join('; ')}`,
      advice: 'verdicts are not touched; where one of them goes, the number of another may change: CiliumIdentity objects fix numbers',
    })),
    ...(collisions.length > MAX_TOLD ? [{ what: 'identities', standing: 'less' as const, says: `${collisions.length - MAX_TOLD} more collisions among ${sets.size} label sets`, advice: 'as above' }] : []),
  ];
}

function labelWords(labels: readonly string[]): string {
  const own = labels.filter((label) => !UNTOLD.test(label)).map((label) => label.replace(/^k8s:/, ''));
  return own.slice(0, MAX_NAMED_LABELS).join(',');
}
