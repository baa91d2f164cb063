import { clockText, spanWords } from '../model/clock-text.ts';
import type { PolicyRef } from '../model/policy-ref.ts';
import type { DropContext } from './drop-context.ts';
import type { PolicyLine } from './explanation.ts';
import { policyResource } from './policy-command.ts';

/** Policies told at most. */
const MAX_LINES = 6;
/** A change within this is told by the clock, an older one by its age. */
const RECENT_MS = 12 * 3_600_000;

/** Policies that have to do with a drop, each once with everything it does: what denies first, then what selects, then what allowed. */
export function policyLines(context: DropContext): PolicyLine[] {
  const { refusal, allowedBy, history, drop } = context;
  if (drop.class !== 'pol') return [];
  const roles = new Map<string, { policy: PolicyRef; roles: string[] }>();
  const add = (policies: readonly PolicyRef[], role: string): void => {
    for (const policy of policies) {
      const known = roles.get(policy.name) ?? { policy, roles: [] };
      roles.set(policy.name, known);
      if (!known.roles.includes(role)) known.roles.push(role);
    }
  };
  if (refusal !== undefined) {
    const isOneOf = refusal.source === 'flow' && context.form === 'default deny';
    add(refusal.deniedBy, isOneOf ? 'is one that selects it' : 'denies it');
    add(refusal.selecting, 'selects it');
  }
  add(allowedBy.map(({ policy }) => policy), history.firstDropMs === undefined ? 'has allowed it' : 'allowed it before');
  return [...roles.values()].slice(0, MAX_LINES).map(({ policy, roles: all }) => ({
    name: policy.name, resource: policyResource(policy.kind), role: all.join(', '), change: lastChange(context, policy),
  }));
}

/** The last change of a policy that is known of at the moment, in words. */
export function lastChange({ state, momentMs }: DropContext, policy: PolicyRef): string {
  const entry = state.changes.between(0, momentMs).findLast(({ kind, subject }) => kind.startsWith('policy-') && subject === policy.name);
  const known = state.policies.find(policy.name);
  if (entry !== undefined && !entry.isInferred) return `rev ${entry.revision || policy.revision}, ${changeWord(entry.kind)} ${clockText(entry.timeMs)}${byWhom(entry.who)}`;
  const revision = policy.revision > 0 ? `rev ${policy.revision}, ` : '';
  if (known !== undefined && known.changedMs > 0 && known.changedMs <= momentMs) return `${revision}changed ${ageText(momentMs, known.changedMs)}${byWhom(known.who)}`;
  if (entry !== undefined) return `${revision}first named ${clockText(entry.timeMs)}`;
  return `${revision}last change not known`;
}

function changeWord(kind: string): string {
  return kind === 'policy-added' ? 'added' : kind === 'policy-removed' ? 'removed' : 'changed';
}

function byWhom(who: string): string {
  return who === '' || who === 'unknown' ? ', by whom is not known' : ` by ${who}`;
}

function ageText(momentMs: number, changedMs: number): string {
  return momentMs - changedMs < RECENT_MS ? clockText(changedMs) : `${spanWords(momentMs - changedMs)} ago`;
}
