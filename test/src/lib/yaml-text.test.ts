import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { yamlText, type YamlValue } from '../../../src/lib/yaml-text.ts';
import { EVIL } from '../views/scenes.ts';

test('yamlText() writes what a reader expects', () => {
  expect(yamlText({ kind: 'NetworkPolicy', spec: { policyTypes: ['Egress'], egress: [{ ports: [{ port: 80, protocol: 'TCP' }, { port: '8443' }] }], podSelector: {} } })).toBe(`kind: NetworkPolicy
spec:
  policyTypes:
    - Egress
  egress:
    - ports:
        - port: 80
          protocol: TCP
        - port: "8443"
  podSelector: {}
`);
});

test.each<[string, YamlValue]>([
  ['words YAML takes for something else', ['yes', 'no', 'on', 'null', 'true', 'y', '~', '', ' ', '1e3', '0x10', '012', '2026-03-01', '1:30', '.inf', '-', '- a', '# b', 'a: b', 'a #b', '@x', '`x', '%x', '!x', '&x', '*x', '|', '>', '"', "'", '{', '[']],
  ['hostile keys and values', Object.fromEntries(EVIL.map((evil, i) => [`${evil}${i}`, evil]))],
  ['nested lists', [['a', ['b']], [], {}, [{}], { a: [] }]],
  ['numbers and booleans', { a: 0, b: -1, c: 1.5, d: true, e: false }],
])('yamlText() parses back: %s', (_what, value) => {
  const text = yamlText(value);
  expect(load(text)).toEqual(value);
  expect(text).toMatch(/^[\x20-\x7e\n]*$/);
});
