import { expect, test } from 'vitest';
import { redactText } from '../../../src/export/redact.ts';

test.each([
  ['HTTP/1.1 GET http://a/b?token=1&x=2', 'HTTP/1.1 GET http://a/b?HUBBLE_REDACTED'],
  ['(GET http://a/b?s3cret) took 3ms', '(GET http://a/b?HUBBLE_REDACTED) took 3ms'],
  ['GET /b?one?two', 'GET /b?HUBBLE_REDACTED'],
  ['GET http://user:pass@a/b', 'GET http://a/b'],
  ['why? nobody knows', 'why? nobody knows'],
])('redactText() leaves no query and no user info: %s', (text, safe) => {
  expect(redactText(text)).toBe(safe);
});
