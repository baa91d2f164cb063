import type { PolicyObject } from '../policy/policy.ts';
import { isMapping, type Mapping, mappingAt, mappingsAt, textAt, textMapAt } from './object-reader.ts';
import { readPolicy } from './read-policy.ts';

/** What one object turned out to be: one with policies, something else, or refused with the field and the reason. */
export type PolicyObjectReading =
  | { result: 'read'; object: PolicyObject }
  | { result: 'other' }
  | { result: 'refused'; reason: string };

/** Reads an object with policies, and who changed it last; never throws on whatever it is given. */
export function readPolicyObject(object: unknown): PolicyObjectReading {
  const reading = readPolicy(object);
  if (reading.result !== 'read' || !isMapping(object)) return reading.result === 'refused' ? reading : { result: 'other' };
  const [first] = reading.policies;
  if (first === undefined) return { result: 'other' };
  const { kind, namespace, name } = first;
  const metadata = mappingAt(object, 'metadata');
  return { result: 'read', object: { kind, namespace, name, policies: reading.policies, labels: labelsOf(metadata), ...lastChange(metadata) } };
}

function labelsOf(metadata: Mapping): string[] {
  try {
    return [...textMapAt(metadata, 'labels')].map(([key, value]) => `${key}=${value}`).sort();
  } catch {
    return []; // labels of the object itself decide nothing
  }
}

/** Whoever stands in managedFields with the newest time; of equal ones the later entry. */
function lastChange(metadata: Mapping): Pick<PolicyObject, 'who' | 'operation' | 'changed'> {
  let newest: Pick<PolicyObject, 'who' | 'operation' | 'changed'> = { who: 'unknown', operation: '', changed: '' };
  try {
    for (const entry of mappingsAt(metadata, 'managedFields')) {
      const changed = textAt(entry, 'time');
      // a status is written by controllers and changes nothing of what the policy says
      if (textAt(entry, 'subresource') === '' && !Number.isNaN(Date.parse(changed)) && Date.parse(changed) >= (newest.changed === '' ? 0 : Date.parse(newest.changed))) {
        newest = { who: textAt(entry, 'manager') || 'unknown', operation: textAt(entry, 'operation'), changed };
      }
    }
  } catch {
    // who did it is not worth a policy
  }
  return newest;
}
