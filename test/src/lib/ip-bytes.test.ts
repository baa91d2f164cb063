import { expect, test } from 'vitest';
import { formatIp, parseIp } from '../../../src/lib/ip-bytes.ts';

test.each([
  ['10.0.0.1', 4, '10.0.0.1'],
  ['255.255.255.255', 4, '255.255.255.255'],
  ['::', 6, '::'],
  ['::1', 6, '::1'],
  ['fd00:0:0:1::', 6, 'fd00:0:0:1::'],
  ['2001:DB8:0:0:1:0:0:1', 6, '2001:db8::1:0:0:1'],
  ['::ffff:10.0.0.1', 6, '::ffff:a00:1'],
  ['1:2:3:4:5:6:7:8', 6, '1:2:3:4:5:6:7:8'],
  ['1:2:3:4:5:6:0:8', 6, '1:2:3:4:5:6:0:8'],
])('parseIp() and formatIp() read %s', (text, family, canonical) => {
  const ip = parseIp(text);
  expect(ip?.family).toBe(family);
  expect(ip && formatIp(ip.bytes, ip.family)).toBe(canonical);
});

test.each(['', '10.0.0', '10.0.0.256', '1.2.3.4.5', ':::', '1::2::3', '12345::', 'fd00::g', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', ':1', '1.2.3.x'])(
  'parseIp() refuses %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });
