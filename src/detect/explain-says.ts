import { DROP_REASON_NUMBERS } from '../model/drop-words.ts';
import type { RefusalFact } from '../model/drop-facts.ts';
import type { PolicyRef } from '../model/policy-ref.ts';
import type { DropContext } from './drop-context.ts';

/** The raw fields that were read, quoted, and what follows from them. */
export function explainSays(context: DropContext): string[] {
  return [...refusalSays(context), ...allowedSays(context), ...fileSays(context)];
}

function refusalSays(context: DropContext): string[] {
  const { refusal, drop, fact, form } = context;
  if (refusal !== undefined && !DROP_REASON_NUMBERS.has(drop.reason)) return foreignSays(drop.reason, refusal);
  if (drop.class !== 'pol') return [];
  if (refusal === undefined) return [numberSays(context)];
  const field = refusal.source === 'flow' ? `${refusal.direction === '' ? '*' : refusal.direction}_denied_by` : 'denied_by';
  const who = refusal.source === 'telemetry' ? 'telemetry' : refusal.source === 'extension' ? 'flow extension' : `${fact?.verdictsRead ?? 0} policy verdicts read`;
  if (refusal.source === 'flow' && refusal.deniedBy.length > 0 && form === 'default deny') {
    return [`${who}: ${field} names ${names(refusal.deniedBy)}, yet ${numbered(drop.reason)} is a default deny: it is one of the policies that select the pod${log(refusal.log)}`];
  }
  if (refusal.deniedBy.length > 0) return [`${who}: ${field} names ${names(refusal.deniedBy)} → a deny rule${log(refusal.log)}`];
  const selecting = refusal.selecting.length === 0 ? '' : `, selecting ${names(refusal.selecting)}`;
  const empty = form === 'named deny' ? `${field} is EMPTY, but ${numbered(drop.reason)} is a deny rule` : `${field} is EMPTY${selecting} → default deny, no single rule to blame`;
  return [`${who}: ${empty}${log(refusal.log)}`];
}

// a reason of the kernel: our own evaluator was asked about what others dropped
function foreignSays(reason: string, refusal: RefusalFact): string[] {
  const by = refusal.deniedBy.length > 0 ? `policy ${names(refusal.deniedBy)} denies it` : refusal.selecting.length > 0 ? `no rule of policy ${names(refusal.selecting)} allows it` : 'no policy allows it';
  return [`${reason}: another program dropped it; ${by}`];
}

function numberSays({ drop, fact }: DropContext): string {
  const meaning = drop.reason === 'POLICY_DENIED' ? ' = no rule allowed it' : drop.reason === 'POLICY_DENY' ? ' = a deny rule' : '';
  const read = (fact?.eventsRead ?? 0) > 0 ? `${fact?.eventsRead} drop events read, they name no policy` : 'nobody said which policy';
  return `${numbered(drop.reason)}${meaning}; ${read}`;
}

function numbered(reason: string): string {
  const number = DROP_REASON_NUMBERS.get(reason);
  return number === undefined ? reason : `${reason} (${number})`;
}

// one direction may allow what the other one drops: a trap for whoever reads it as the cause
function allowedSays({ fact, drop }: DropContext): string[] {
  if (drop.class !== 'pol' || fact === undefined || fact.allowedBy.length === 0) return [];
  return [`the dropped flows also name ${names(fact.allowedBy)} in allowed_by: that is the other direction, never the cause`];
}

function fileSays({ fact }: DropContext): string[] {
  return fact === undefined || fact.file === '' ? [] : [`datapath ${fact.file}`];
}

function names(policies: readonly PolicyRef[]): string {
  return policies.map(({ name, revision }) => `${name}${revision > 0 ? ` rev ${revision}` : ''}`).join(', ');
}

function log(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `. policy_log: ${lines.join(' | ')}`;
}
