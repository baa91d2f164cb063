import { expect, test } from 'vitest';
import { formatTarget, isLocalOnly, parseTarget } from '../../../src/rpc/target.ts';

test.each([
  ['localhost:4245', 'localhost:4245'],
  ['relay.example', 'relay.example:4245'],
  [':4244', ':4244'],
  ['10.0.0.1:80', '10.0.0.1:80'],
  ['[::1]:4245', '[::1]:4245'],
  ['::1', '[::1]:4245'],
  ['[fe80::1%eth0]:1', '[fe80::1%eth0]:1'],
  ['tls://relay.example:443', 'tls://relay.example:443'],
  ['dns:///relay:443', 'relay:443'],
  ['unix:///var/run/cilium/hubble.sock', 'unix:///var/run/cilium/hubble.sock'],
  ['unix:/run/x.sock', 'unix:///run/x.sock'],
  ['/run/x.sock', 'unix:///run/x.sock'],
])('parseTarget() reads %s as %s', (text, expected) => {
  expect(formatTarget(parseTarget(text))).toBe(expected);
});

test.each(['', 'http://x:1', 'a:b', 'a:99999', 'user@host:1', 'a b:1', '[::1'])('parseTarget() refuses "%s" in one line', (text) => {
  expect(() => parseTarget(text)).toThrow(/is not an address/);
});

test.each([
  ['127.0.0.1:1', true],
  ['127.9.9.9:1', true],
  ['localhost:1', true],
  ['[::1]:1', true],
  ['/run/x.sock', true],
  [':1', false],
  ['0.0.0.0:1', false],
  ['127.example.com:1', false],
  ['10.0.0.1:1', false],
])('isLocalOnly() of %s is %s', (text, expected) => {
  expect(isLocalOnly(parseTarget(text))).toBe(expected);
});
