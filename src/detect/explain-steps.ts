import { shellWord } from '../flow/shell-word.ts';
import type { Party } from '../model/directory.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { pairChips } from '../model/pair-text.ts';
import { chip } from './chip.ts';
import type { Cause } from './cause.ts';
import { refusingEnd, type DropContext } from './drop-context.ts';
import { policyCommand } from './policy-command.ts';

/** Policies that are worth a look at most. */
const MAX_POLICIES = 2;

/** Commands that tell more; none changes anything. */
export function nextSteps(context: DropContext, causes: readonly Cause[]): string[] {
  const { drop } = context;
  if (drop.class === 'pol') return [...policySteps(context, causes), ...labelSteps(context, causes)];
  const { destination, source } = drop.pair;
  if (drop.reason.startsWith('NO_SOCKET')) return inNamespace(destination, `get pods${labelOf(context.fact?.destination?.labels)} -o wide`, 'get svc,endpointslices');
  if (drop.class === 'rtg') return inNamespace(destination.namespace === '' ? source : destination, 'get pods -o wide', 'get endpointslices -o wide');
  if (drop.class === 'svc') return inNamespace(destination.namespace === '' ? source : destination, 'get svc,endpointslices');
  return [];
}

function policySteps(context: DropContext, causes: readonly Cause[]): string[] {
  const { refusal, drop } = context;
  const suspects = [
    ...causes.flatMap(({ policy }) => policy ?? []), ...(refusal?.deniedBy ?? []), ...(refusal?.closest?.policy === undefined ? [] : [refusal.closest.policy]), ...(refusal?.selecting ?? []),
  ];
  const unique = suspects.filter((policy, i) => suspects.findIndex(({ name }) => name === policy.name) === i);
  if (unique.length > 0) return unique.slice(0, MAX_POLICIES).map((policy) => `${policyCommand('get', policy)} -o yaml --show-managed-fields`);
  const end = refusingEnd(context);
  const ends = end === undefined ? [drop.pair.destination, drop.pair.source] : [end];
  const namespaces = [...new Set(ends.map(({ namespace }) => namespace))].filter((namespace) => namespace !== '');
  return [...namespaces.map((namespace) => `kubectl -n ${shellWord(namespace)} get cnp,netpol -o yaml --show-managed-fields`), 'kubectl get ccnp -o yaml --show-managed-fields'];
}

function labelSteps({ drop, fact }: DropContext, causes: readonly Cause[]): string[] {
  const [first] = causes;
  if (first?.kind !== 'identity' && first?.kind !== 'pod') return [];
  const isSource = first.text.includes(drop.pair.source.name);
  return inNamespace(isSource ? drop.pair.source : drop.pair.destination, `get pods${labelOf(isSource ? fact?.source?.labels : fact?.destination?.labels)} --show-labels`);
}

function inNamespace({ namespace }: Party, ...commands: string[]): string[] {
  return namespace === '' ? [] : commands.map((command) => `kubectl -n ${shellWord(namespace)} ${command}`);
}

// only a label that Kubernetes would take
function labelOf(labels: readonly string[] | undefined): string {
  const label = labels?.map((text) => text.replace(/^k8s:/, '')).find((text) => /^(app|k8s-app|app\.kubernetes\.io\/name)=[A-Za-z0-9._-]{1,63}$/.test(text));
  return label === undefined ? '' : ` -l ${label}`;
}

/** Field managers that put back what is changed by hand. */
const MANAGED = /argo|flux|helm|terraform|pulumi|fleet/i;

/** What would take the cause back, if somebody decides so; empty where nobody knows. */
export function undoStep(causes: readonly Cause[]): { undo: string; note: string } {
  const policy = causes[0]?.policy;
  if (policy === undefined || policy.done === 'removed' || policy.done === 'seen') return { undo: '', note: '' };
  const undo = policyCommand(policy.done === 'added' ? 'delete' : 'edit', policy);
  // what names no single object is no command to change something with
  if (undo.includes('--field-selector')) return { undo: '', note: '' };
  return { undo, note: MANAGED.test(policy.who) ? `${policy.who} will put it back: change it at its source` : '' };
}

/** The same drops with hubble. */
export function hubbleLine({ drop }: DropContext): string {
  return hubbleCommand([...pairChips(drop.pair), chip('verdict', 'DROPPED'), chip('drop-reason', drop.reason)], { isOneWay: true }).line;
}
