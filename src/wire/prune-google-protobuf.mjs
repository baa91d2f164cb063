// google-protobuf is one compiled file of 240 KB, of which we call the reader and the writer. It cannot be shaken as modules
// can: namespaces are filled by assignments. So the build keeps, statement by statement, what those two classes reach.
import { parse } from 'acorn';
import { full } from 'acorn-walk';

/** What we import from it. */
const KEPT = { BinaryReader: 'module$contents$jspb$binary$reader_BinaryReader', BinaryWriter: 'module$contents$jspb$binary$writer_BinaryWriter' };
/** Classes of which only the methods stay that somebody names. */
const CUT = ['reader_BinaryReader', 'writer_BinaryWriter', 'decoder_BinaryDecoder', 'encoder_BinaryEncoder'].map((name) => `module$contents$jspb$binary$${name}`);
/** Objects that are filled member by member: a use of one member keeps that member only. */
const NAMESPACES = ['goog', 'jspb'];
/** Calls that complete the class named by their first argument. */
const COMPLETING = ['goog.exportProperty', 'goog.inherits'];

/** `a.b.c` of a chain of names; undefined for anything else. */
function pathOf(node) {
  if (node.type === 'Identifier') return node.name;
  if (node.type !== 'MemberExpression' || node.computed) return undefined;
  const object = pathOf(node.object);
  return object === undefined ? undefined : `${object}.${node.property.name}`;
}

/** What each top-level statement defines, and its text; a `const` of many is many. */
function unitsOf(source) {
  return parse(source, { ecmaVersion: 2022, sourceType: 'script' }).body.flatMap((node) => {
    const text = source.slice(node.start, node.end);
    if (node.type === 'VariableDeclaration') return node.declarations.map((one) => ({ defines: one.id.name, node: one, text: `${node.kind} ${source.slice(one.start, one.end)};` }));
    if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') return [{ defines: node.id.name, node, text }];
    const { expression } = node;
    if (expression?.type === 'AssignmentExpression') return [{ defines: pathOf(expression.left), node: expression, text }];
    if (expression?.type === 'CallExpression' && COMPLETING.includes(pathOf(expression.callee))) return [{ defines: pathOf(expression.arguments[0]), node: expression, text }];
    return [];
  }).filter(({ defines }) => defines !== undefined);
}

/** Every name and chain of names a statement mentions. */
function usesOf(node) {
  const uses = new Set();
  full(node, (inner) => {
    const path = inner.type === 'Identifier' || inner.type === 'MemberExpression' ? pathOf(inner) : undefined;
    if (path !== undefined) uses.add(path);
  });
  return uses;
}

const isCut = ({ node }) => node.type === 'ClassDeclaration' && CUT.includes(node.id.name);
const memberName = ({ key, computed }) => (computed || key.type !== 'Identifier' ? undefined : key.name);

/** Every plain name in a piece of syntax, properties too. */
function namesIn(node) {
  const names = new Set();
  full(node, (inner) => {
    if (inner.type === 'Identifier') names.add(inner.name);
    if (inner.type === 'MemberExpression' && !inner.computed) names.add(inner.property.name);
  });
  return names;
}

/** Whether a completion gives a property the name it has already. */
function isSameName({ node }) {
  const [, name, value] = node.type === 'CallExpression' ? node.arguments : [];
  return name?.type === 'Literal' && value?.type === 'MemberExpression' && !value.computed && value.property.name === name.value;
}

/** Units with the methods cut out of CUT that neither `words` name nor anything that stays. Names are compared wherever they stand: what is called by a name that is made up at run time would be lost. */
function withoutUnnamed(all, words) {
  const units = all.filter((unit) => !isSameName(unit));
  const named = new Set(words);
  for (const unit of units) if (!isCut(unit)) for (const name of namesIn(unit.node)) named.add(name);
  const open = new Set(units.filter(isCut).flatMap(({ node }) => node.body.body));
  for (let isDone = false; !isDone;) {
    isDone = true;
    for (const member of open) {
      const name = memberName(member);
      if (name !== undefined && name !== 'constructor' && !named.has(name)) continue;
      open.delete(member);
      isDone = false;
      for (const other of namesIn(member)) named.add(other);
    }
  }
  return units.map((unit) => {
    if (!isCut(unit)) return unit;
    const text = unit.node.body.body.reduceRight((rest, member) => (open.has(member) ? rest.slice(0, member.start - unit.node.start) + rest.slice(member.end - unit.node.start) : rest), unit.text);
    return unitsOf(text)[0];
  });
}

/**
 * The source of google-protobuf cut down to BinaryReader and BinaryWriter, of which the methods stay that `words` names (all of them
 * without it). Throws when it is not the file this was written for.
 */
export function pruneGoogleProtobuf(source, words) {
  const units = words === undefined ? unitsOf(source) : withoutUnnamed(unitsOf(source), words);
  const byRoot = groupByRoot(units);
  const kept = new Set();
  const seen = new Set();
  const queue = Object.values(KEPT);
  for (let use = queue.pop(); use !== undefined; use = queue.pop()) {
    if (seen.has(use)) continue;
    seen.add(use);
    const root = use.split('.')[0];
    for (const unit of byRoot.get(root) ?? []) {
      const isMeant = !NAMESPACES.includes(root) || unit.defines === use || use.startsWith(`${unit.defines}.`);
      if (!isMeant || kept.has(unit)) continue;
      kept.add(unit);
      queue.push(...usesOf(unit.node));
    }
  }
  for (const [name, path] of Object.entries(KEPT)) if (!seen.has(path) || !byRoot.has(path)) throw new Error(`google-protobuf has changed: no ${name} where it was`);
  const exported = Object.entries(KEPT).map(([name, path]) => `exports.${name} = ${path};`);
  return [...units.filter((unit) => kept.has(unit)).map(({ text }) => text), ...exported].join('\n');
}

function groupByRoot(units) {
  const groups = new Map();
  for (const unit of units) {
    const root = unit.defines.split('.')[0];
    groups.set(root, [...(groups.get(root) ?? []), unit]);
  }
  return groups;
}
