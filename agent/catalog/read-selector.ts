import { parseLabel } from '../../src/flow/label-selector.ts';
import type { Requirement } from '../policy/selector.ts';
import { type Mapping, mappingAt, mappingsAt, ShapeError, textAt, textMapAt, textsAt } from './object-reader.ts';

const OPERATORS: readonly Requirement['operator'][] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Reads a Kubernetes label selector; `prefix` stands before each key. Throws ShapeError that names the field below `path`. */
export function readSelector(object: Mapping, path: string, prefix = ''): Requirement[] {
  const requirement = (key: string, operator: Requirement['operator'], values: readonly string[]): Requirement => {
    const { source, key: name } = parseLabel(key);
    if (name === '') throw new ShapeError(`${path} has a label without a name`);
    return { source: source === 'any' ? '' : source, key: `${prefix}${name}`, operator, values };
  };
  return [
    ...[...textMapAt(object, 'matchLabels')].map(([key, value]) => requirement(key, 'In', [value])),
    ...mappingsAt(object, 'matchExpressions').map((expression, i) => {
      const operator = OPERATORS.find((one) => one === expression['operator']);
      if (operator === undefined) throw new ShapeError(`${path}.matchExpressions[${i}].operator "${textAt(expression, 'operator')}" is none of ${OPERATORS.join(', ')}`);
      const values = textsAt(expression, 'values');
      if ((operator === 'In' || operator === 'NotIn') && values.length === 0) throw new ShapeError(`${path}.matchExpressions[${i}].values is empty, and ${operator} needs one`);
      return requirement(textAt(expression, 'key'), operator, values);
    }),
  ];
}

/** The selector under a key; undefined where there is none. */
export function selectorAt(object: Mapping, key: string, path: string, prefix = ''): Requirement[] | undefined {
  return object[key] === undefined || object[key] === null ? undefined : readSelector(mappingAt(object, key), `${path}.${key}`, prefix);
}
