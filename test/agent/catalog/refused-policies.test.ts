import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ObjectFiles } from '../../../agent/catalog/object-files.ts';

let folder = '';
let path = '';
let files: ObjectFiles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubtop-refused-'));
  path = join(folder, 'policies.yaml');
  files = new ObjectFiles([path]);
});
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

const policy = (spec: string, { kind = 'CiliumNetworkPolicy', name = 'p' } = {}): string => `kind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
const good = policy('{endpointSelector: {}, ingress: [{fromEntities: [world]}]}');
const other = policy('{endpointSelector: {}, egress: [{}]}', { name: 'other' });

async function read(text: string): Promise<{ inForce: string[]; warnings: string[] }> {
  writeFileSync(path, text);
  await files.scan();
  const { policies, warnings } = files.snapshot();
  return { inForce: policies.map(({ name, policies: all }) => `${name} ${all.flatMap(({ rules }) => rules.map((rule) => rule.path)).join()}`), warnings };
}

const names = (count: number, of: (i: number) => string): string => Array.from({ length: count }, (_, i) => of(i)).join();

// what stands before the reason is the same for all: file, object, path
test.each<[string, string, RegExp]>([
  ['no selector', policy('{ingress: [{}]}'), /^spec\.endpointSelector is missing/],
  ['an entity that nobody knows', policy('{endpointSelector: {}, ingress: [{fromEntities: [wordl]}]}'), /^spec\.ingress\[0\]\.fromEntities.*wordl/],
  ['a network that is none', policy('{endpointSelector: {}, egress: [{}, {toCIDR: [10.0.0.0/33]}]}'), /^spec\.egress\[1\]\.toCIDR.*10\.0\.0\.0\/33/],
  ['an exception outside of its network', policy('{endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}]}'), /^spec\.egress\[0\]\.toCIDRSet\[0\].*11\.0\.0\.0\/16/],
  ['a port beyond the last', policy('{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "65536"}]}]}]}'), /^spec\.ingress\[0\]\.toPorts\[0\]\.ports\[0\].*65536/],
  ['a range that ends before it begins', policy('{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "90", endPort: 80}]}]}]}'), /^spec\.ingress\[0\]\.toPorts\[0\]\.ports\[0\]/],
  ['an operator that does not exist', policy('{endpointSelector: {matchExpressions: [{key: app, operator: Is, values: [web]}]}}'), /^spec\.endpointSelector\.matchExpressions\[0\]\.operator "Is"/],
  ['text where rules should be', policy('{endpointSelector: {}, ingress: everything}'), /ingress/],
  ['a selector as deep as a file may nest', policy(`{endpointSelector: ${'{a: '.repeat(60)}x${'}'.repeat(60)}, ingress: ${'['.repeat(60)}${']'.repeat(60)}}`), /ingress/],
  ['ten thousand rules in one object', policy(`{endpointSelector: {}, ingress: [${names(10_000, () => '{}')}]}`), /more than 1024 items/],
  ['a plain policy with a type of its own', policy('{podSelector: {}, policyTypes: [Sideways]}', { kind: 'NetworkPolicy' }), /^spec\.policyTypes "Sideways"/],
])('scan() refuses %s with file, object, field and reason, and what it said before stays in force', async (_name, broken, reason) => {
  await read(`${good}---\n${other}`);
  const kind = /^kind: (.*)/.exec(broken)?.[1] ?? '';
  const before = kind === 'NetworkPolicy' ? policy('{podSelector: {}, ingress: [{}]}', { kind }) : good;
  await read(`${before}---\n${other}`);
  const { inForce, warnings } = await read(`${broken}---\n${other}`);
  expect(inForce).toEqual(['p spec.ingress[0]', 'other spec.egress[0]']);
  const start = `${path}: ${kind} shop/p: `;
  const end = '; what it said before stays in force';
  expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${start.replaceAll(/[.[\]]/g, '\\$&')}.*${end}$`))]);
  expect(warnings[0]?.slice(start.length, -end.length)).toMatch(reason);
  expect((await read(`${good}---\n${other}`)).warnings).toEqual([]);
});

test('scan() says of a policy that was never good that it is not in force', async () => {
  const { inForce, warnings } = await read(`${policy('{ingress: [{}]}')}---\n${other}`);
  expect([inForce, warnings]).toEqual([['other spec.egress[0]'], [`${path}: CiliumNetworkPolicy shop/p: spec.endpointSelector is missing; it is not in force`]]);
});

test('scan() tells of a policy with a name like a book and sequences for terminals in it no more than a line', async () => {
  const long = `"${String.raw`\e]0;owned\a`.repeat(20_000)}"`;
  const { inForce, warnings } = await read(`kind: NetworkPolicy\nmetadata: {name: ${long}, namespace: shop}\nspec: {podSelector: {}}\n---\n${other}`);
  expect(inForce).toEqual(['other spec.egress[0]']);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]?.length).toBeLessThanOrEqual(401);
});
