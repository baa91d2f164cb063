import { compileLinearExpression } from '../lib/linear-expression.ts';
import { FilterError } from './filter-error.ts';

/** Whether a name fits. */
export type NamePredicate = (name: string) => boolean;

/** What `*` stands for; it crosses dots and leaves out the underscore. */
const star = '[-.0-9a-z]*';
/** Two DNS names and a slash. */
const maxPatternLength = 511;
/** Any name of a node or cluster. */
const anyName = '[-0-9_a-z]+(?:\\.[-0-9_a-z]+)*';

/** Text of a regular expression for a DNS name pattern with `*`; not anchored. */
function patternSource(pattern: string): string {
  const name = pattern.trim().replace(/\.$/, '').toLowerCase();
  if (name === '') throw new FilterError('empty pattern');
  if (name.endsWith('.')) throw new FilterError('multiple trailing dots in pattern');
  const foreign = /[^-0-9_a-z.*]/u.exec(name);
  if (foreign !== null) throw new FilterError(`'${foreign[0]}': invalid rune in pattern`);
  return name.replaceAll('.', '\\.').replaceAll(/\*+/g, star);
}

/** Matches whole DNS names against a pattern with `*`. */
export function compileFqdnPattern(pattern: string): NamePredicate {
  if (pattern.length > maxPatternLength) throw new FilterError('pattern too long');
  return compileWhole(patternSource(pattern));
}

/** Matches node names: `node` in any cluster, `cluster/` for all of a cluster's nodes, `cluster/node`. A flow's bare node is in cluster `default`. */
export function compileNodePattern(pattern: string): NamePredicate {
  if (pattern === '') throw new FilterError('empty pattern');
  if (pattern.length > maxPatternLength) throw new FilterError('pattern too long');
  const parts = pattern.split('/');
  if (parts.length > 2) throw new FilterError('too many slashes in pattern');
  const side = (part: string): string => (part === '' ? anyName : patternSource(part));
  const [cluster, node] = parts.length === 1 ? ['', parts[0] ?? ''] : [parts[0] ?? '', parts[1] ?? ''];
  const matches = compileWhole(`${side(cluster)}/${side(node)}`);
  return (name) => name !== '' && matches(name.includes('/') ? name : `default/${name}`);
}

/** Linear: a name with a dozen stars would keep a backtracking expression busy for hours. */
function compileWhole(source: string): NamePredicate {
  return compileLinearExpression(`^(?:${source})$`);
}
