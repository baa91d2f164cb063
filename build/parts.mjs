// What a dashboard never runs lies compressed in dist/hubtop.js and is evaluated when an import() first asks for it: minified code
// shrinks to four tenths, and V8 has less to read at every start.
//
// esbuild bundles everything first, so names are settled and nothing is there twice. Then the modules of a part are cut out of its
// output and evaluated by a direct eval() in the bundle's own scope: there they see the same modules, classes and variables as if they
// had never been away. What the rest calls of a part are the functions that stand behind its import()s: until the part is there, calling
// one of them unpacks it and puts the real ones in place.
import { brotliCompressSync, constants } from 'node:zlib';
import { parse } from 'acorn';
import { simple } from 'acorn-walk';
import { transform } from 'esbuild';

const syntax = { ecmaVersion: 2023, sourceType: 'script', allowHashBang: true };
const whitespaceOnly = { loader: 'js', minifyWhitespace: true, charset: 'ascii', legalComments: 'none', target: 'node20' };

/** Files reached from the entry by imports; an import() of one of the doors leads nowhere. */
function reachable(inputs, entry, isDoor) {
  const seen = new Set();
  const queue = [entry];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const imported of inputs[path]?.imports ?? []) {
      if (imported.external !== true && !(imported.kind === 'dynamic-import' && isDoor(imported.path))) queue.push(imported.path);
    }
  }
  return seen;
}

/** The part of each module that has one: what is reached through a part's doors only, and by import() only from elsewhere. */
function partOfModules(inputs, entry, parts) {
  const partOf = new Map();
  for (const [part, doors] of Object.entries(parts)) {
    const kept = reachable(inputs, entry, (path) => doors.test(path));
    for (const path of Object.keys(inputs)) if (!kept.has(path) && !partOf.has(path)) partOf.set(path, part);
  }
  const strayed = () => Object.entries(inputs).flatMap(([path, { imports }]) => imports.filter((imported) =>
    imported.kind !== 'dynamic-import' && partOf.has(imported.path) && partOf.get(imported.path) !== partOf.get(path)));
  for (let found = strayed(); found.length > 0; found = strayed()) for (const { path } of found) partOf.delete(path);
  return partOf;
}

/** The bundle's text by part, '' for what stays: esbuild writes each module's path above its code. */
function cut(text, partOf) {
  const comments = [];
  const { body } = parse(text, { ...syntax, onComment: comments });
  const texts = new Map([['', '']]);
  let from = 0;
  let part = '';
  for (const { value, start } of comments) {
    if (body.some((statement) => statement.start < start && start < statement.end)) continue;
    texts.set(part, (texts.get(part) ?? '') + text.slice(from, start));
    from = start;
    part = partOf.get(value.trim()) ?? '';
  }
  texts.set(part, (texts.get(part) ?? '') + text.slice(from));
  return texts;
}

/** Names that a text declares on its top level, with what they are at first, and those it uses. esbuild gives no two of them the same name. */
function namesOf(text) {
  const tree = parse(text, syntax);
  const declared = new Map();
  for (const statement of tree.body) {
    if (statement.type === 'VariableDeclaration') for (const { id, init } of statement.declarations) declared.set(id.name, init?.type);
    else if (statement.id) declared.set(statement.id.name, statement.type);
  }
  const used = new Set();
  simple(tree, { Identifier: ({ name }) => void used.add(name), VariablePattern: ({ name }) => void used.add(name) });
  return { declared, used };
}

/** Statements that stand for a part in the bundle: its compressed text, and what calls into it. */
async function standIn(part, text, callers) {
  const { declared } = namesOf(text);
  const wanted = [...declared.keys()].filter((name) => callers.some(({ used }) => used.has(name)));
  for (const name of wanted) {
    // a function that initializes a module, or the object of its exports
    if (!['CallExpression', 'ObjectExpression'].includes(declared.get(name))) throw new Error(`build: ${name} of part ${part} is used outside of it other than by import()`);
  }
  const { code } = await transform(text, whitespaceOnly);
  const source = `(()=>{${code.trim()}return[${wanted.join()}]})()\n//# sourceURL=hubtop-${part}.js`;
  const packed = brotliCompressSync(source, { params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT } }).toString('base64');
  const calls = wanted.map((name) => (declared.get(name) === 'CallExpression' ? `${name}=()=>(unpack_${part}(),${name}())` : name));
  return `var unpack_${part}=()=>{[${wanted.join()}]=evaluatePart("${packed}")},${calls.join()};`;
}

const evaluatePart = 'var evaluatePart=packedPart=>eval(require("node:zlib").brotliDecompressSync(Buffer.from(packedPart,"base64")).toString("latin1"));';

/**
 * The bundle with its parts packed. It comes from esbuild with its names and syntax minified, its white space not: the paths
 * above the modules tell them apart. `parts` has a pattern by name: the modules whose import() leads into it.
 */
export async function packParts(text, inputs, entry, parts) {
  const partOf = partOfModules(inputs, entry, parts);
  const { '': kept, ...packed } = Object.fromEntries(cut(text, partOf));
  const names = new Map(Object.entries({ '': kept, ...packed }).map(([part, code]) => [part, namesOf(code)]));
  const standIns = await Promise.all(Object.entries(packed).map(([part, code]) =>
    standIn(part, code, [...names].flatMap(([other, found]) => (other === part ? [] : [found])))));
  const [, head, body] = /^(#!.*\n"use strict";)(.*)$/s.exec((await transform(kept, whitespaceOnly)).code) ?? [];
  if (head === undefined) throw new Error('build: the bundle is not strict, and parts of it would not be either');
  return `${head}${evaluatePart}${standIns.join('')}${body}`;
}
