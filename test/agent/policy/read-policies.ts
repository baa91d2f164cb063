import { parseDocuments } from '../../../agent/catalog/parse-objects.ts';
import { readPolicyObject } from '../../../agent/catalog/policy-object.ts';
import type { Policy, PolicyObject } from '../../../agent/policy/policy.ts';

/** Objects with policies from YAML; what is refused is a mistake of the test. */
export function policyObjects(yaml: string): PolicyObject[] {
  return parseDocuments(yaml).objects.map((object) => {
    const reading = readPolicyObject(object);
    if (reading.result !== 'read') throw new Error(JSON.stringify(reading));
    return reading.object;
  });
}

/** Their policies. */
export function policies(yaml: string): Policy[] {
  return policyObjects(yaml).flatMap((object) => object.policies);
}
