// Holds the shape of the tree: who may import whom, which rooms are pure, how
// large a file may be. Reads imports as text: TypeScript 7 has no JS API.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Low to high. A room imports itself and rooms above it in this list, never below. */
const rooms = [
  'src/lib', 'src/wire', 'src/flow', 'src/tally',
  'agent/policy', 'agent/decode', 'agent/enrich', 'agent/history', 'agent/sim',
  'src/relay/merge', 'src/model', 'src/detect', 'src/check', 'src/theme', 'src/screen', 'src/views', 'src/export', 'src/control',
  'src/rpc', 'src/client', 'src/terminal',
  'agent/kernel', 'agent/catalog', 'agent/server',
  'agent/drain-worker.ts', 'agent/agent.ts', 'agent/demo/kube-objects.ts', 'agent/demo/fleet.ts', 'agent/demo/story', 'agent/demo', 'agent/lab',
  'src/relay', 'src/app', 'src/cli', 'src/main.ts',
];

/** No effects here: time, randomness and facts arrive as arguments. */
const pureRooms = [
  'src/lib', 'src/wire', 'src/flow', 'src/tally', 'agent/policy', 'agent/decode', 'agent/enrich', 'agent/history', 'agent/sim',
  'agent/demo/kube-objects.ts', 'agent/demo/fleet.ts', 'agent/demo/story',
  'src/relay/merge', 'src/model', 'src/detect', 'src/check', 'src/theme', 'src/screen', 'src/views', 'src/export', 'src/control',
];

/** What agent/ may use of src/. */
const agentMayUse = ['src/lib', 'src/wire', 'src/flow', 'src/tally', 'src/rpc'];

const effects: [RegExp, string][] = [
  [/from 'node:|import\('node:|require\(/, 'a node: import'],
  [/\bprocess\./, 'process'],
  [/\bDate\.now\(|new Date\(\)|performance\.now/, 'a clock'],
  [/\bset(Timeout|Interval|Immediate)\(/, 'a timer'],
  [/\bMath\.random\(/, 'randomness'],
];

/** Longest hand-written file; hot-path files, tables and parsers of one format say so in their first line. */
const wallLines = 400;
const exemptFromWall = /hot path|one table|parser of one format/i;

interface Source {
  path: string;
  text: string;
  imports: string[];
}

function listSources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name));
}

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '');
  return { path, text, imports: specifiers.map((specifier) => normalize(join(dirname(path), specifier))) };
}

function roomOf(path: string): string | undefined {
  const inside = rooms.filter((room) => path === room || path.startsWith(`${room}/`));
  return inside.toSorted((one, other) => other.length - one.length)[0];
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');
}

const sources = [...listSources('src'), ...listSources('agent')].map(readSource);

test('every file stands in a room of the table', () => {
  expect(sources.map((source) => source.path).filter((path) => roomOf(path) === undefined)).toEqual([]);
});

test('imports point to lower rooms only', () => {
  const breaches = sources.flatMap(({ path, imports }) =>
    imports.filter((target) => rooms.indexOf(roomOf(target) ?? '') > rooms.indexOf(roomOf(path) ?? '')).map((target) => `${path} -> ${target}`));
  expect(breaches).toEqual([]);
});

test('src reaches agent only from src/cli, and only lazily', () => {
  const breaches = sources
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap(({ path, text }) => [...text.matchAll(/(import type [^;]*from|from|import\()\s*'(\.[^']*\/agent\/[^']+)'/g)]
      .filter((match) => !(path.startsWith('src/cli/') && (match[1] === 'import(' || match[1]?.startsWith('import type') === true)))
      .map((match) => `${path} -> ${match[2]}`));
  expect(breaches).toEqual([]);
});

test('agent uses of src only what the table allows', () => {
  const breaches = sources
    .filter(({ path }) => path.startsWith('agent/'))
    .flatMap(({ path, imports }) => imports
      .filter((target) => target.startsWith('src/') && !agentMayUse.some((room) => target.startsWith(`${room}/`)))
      .map((target) => `${path} -> ${target}`));
  expect(breaches).toEqual([]);
});

test('no two files import each other in a circle', () => {
  const graph = new Map(sources.map(({ path, imports }) => [path, imports.filter((target) => target.endsWith('.ts'))]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path) || trail.includes(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  expect(circles).toEqual([]);
});

test('pure rooms have no effects', () => {
  const breaches = sources
    .filter(({ path }) => pureRooms.includes(roomOf(path) ?? '') && !path.endsWith('.mjs'))
    .flatMap(({ path, text }) => effects
      .filter(([pattern]) => pattern.test(withoutComments(text)))
      .map(([, what]) => `${path}: ${what}`));
  expect(breaches).toEqual([]);
});

test('files stay below the wall', () => {
  const breaches = sources
    .filter(({ path, text }) => !path.includes('/gen/') && !exemptFromWall.test(text.slice(0, text.indexOf('\n'))))
    .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
    .filter(({ lines }) => lines > wallLines)
    .map(({ path, lines }) => `${relative('.', path)}: ${lines} lines`);
  expect(breaches).toEqual([]);
});

test('relative imports name the file with its ending', () => {
  const breaches = sources.flatMap(({ path, imports }) => imports.filter((target) => !/\.(ts|mjs|json|js)$/.test(target)).map((target) => `${path} -> ${target}`));
  expect(breaches).toEqual([]);
});

test('no default exports, no barrels, no drawers', () => {
  const breaches = sources.filter(({ path, text }) =>
    /^export default/m.test(text) || /(^|\/)(index|utils|types|helpers)\.ts$/.test(path) || (path.includes('/gen/') ? false : /^export \* from/m.test(text)));
  expect(breaches.map((source) => source.path)).toEqual([]);
});
