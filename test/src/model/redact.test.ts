import { expect, test } from 'vitest';
import { withoutSecrets } from '../../../src/model/redact.ts';

test.each([
  ['HTTP/1.1 GET http://api/cart?token=s3cret&x=1', 'HTTP/1.1 GET http://api/cart?*'],
  ['HTTP/1.1 200 4ms (GET http://jane:pw@api/cart?token=s3cret)', 'HTTP/1.1 200 4ms (GET http://*@api/cart?*)'],
  ['http://api/cart;jsessionid=4711/x#frag', 'http://api/cart;*'],
  ['/a?b=c?d=e', '/a?*'],
  ['GET http://api/cart?HUBBLE_REDACTED', 'GET http://api/cart?HUBBLE_REDACTED'],
  ['TCP Flags: SYN, ACK', 'TCP Flags: SYN, ACK'],
  ['DNS Query a.example. A', 'DNS Query a.example. A'],
])('withoutSecrets(%j) is %j', (text, expected) => {
  expect(withoutSecrets(text)).toBe(expected);
});
