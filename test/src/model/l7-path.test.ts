import { describe, expect, test } from 'vitest';
import { compileLinearExpression } from '../../../src/lib/linear-expression.ts';
import { fitsPattern, learnPattern, patternPath } from '../../../src/model/l7-alike.ts';
import { nameExpression, pathExpression } from '../../../src/model/l7-expressions.ts';
import { pathOfUrl, pathTemplate } from '../../../src/model/l7-path.ts';

describe('pathOfUrl()', () => {
  test.each([
    ['http://shop.example:8080/cart?token=s3cret#top', '/cart'],
    ['https://user:s3cret@host/a/b', '/a/b'],
    ['/cart?x=1&y=2', '/cart'],
    ['cart', '/cart'],
    ['', '/'],
    ['http://host', '/'],
    ['http://host?x=/secret', '/'],
    ['*', '*'],
    ['http://host/a?b\nc', '/a'],
  ])('%j shows %j', (url, path) => {
    expect(pathOfUrl(url)).toBe(path);
  });
});

describe('pathTemplate()', () => {
  test.each([
    ['/v1/payments/charge', '/v1/payments/charge'],
    ['/v1/payments/4711/status', '/v1/payments/{id}/status'],
    ['/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301', '/users/{id}'],
    ['/blob/9f86d081884c7d659a2feaa0c55ad015', '/blob/{id}'],
    ['/o/order-12345/items', '/o/order-{id}/items'],
    ['/t/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/t/{id}'],
    ['/u/jane@example.com', '/u/{id}'],
    ['/u/jane%40example.com', '/u/{id}'],
    ['/cart;jsessionid=1A2B', '/cart'],
    ['/d/2026-03-01', '/d/{id}'],
    ['/api/v2beta1/pods', '/api/v2beta1/pods'],
    ['/cafe/facade/decade', '/cafe/facade/decade'],
    ['/a/b/c/d/e/f/g/h/i/j', '/a/b/c/d/e/f/g/h/*'],
    [`/x/${'y'.repeat(60)}`, '/x/{id}'],
  ])('%s is of route %s', (path, template) => {
    expect(pathTemplate(path)).toBe(template);
  });
});

describe('learnPattern()', () => {
  const ids = ['zzsxtu', 'zmftok', 'zhw2ci', 'zfaxsq', 'zepabv', 'yzaoec'].map((id) => `/v1/payments/pay_${id}/status`);

  test('finds ids that look like words by how many there are', () => {
    const pattern = learnPattern('/v1/payments/pay_ywuwnf/status', ids);
    expect(pattern === undefined ? '' : patternPath(pattern)).toBe('/v1/payments/pay_{id}/status');
    expect(pattern !== undefined && fitsPattern('/v1/payments/pay_aaaaaa/status', pattern)).toBe(true);
    expect(pattern !== undefined && fitsPattern('/v1/payments/pay_aaaaaa/refund', pattern)).toBe(false);
  });

  test.each([
    ['words of different length', '/api/users', ['/api/orders', '/api/cart', '/api/items', '/api/checkout', '/api/search', '/api/login', '/api/logout', '/api/faq']],
    ['procedures', '/rpc/get_users', ['/rpc/get_cart', '/rpc/get_orders', '/rpc/get_items', '/rpc/get_faq', '/rpc/get_stock', '/rpc/get_me']],
    ['too few', '/v1/payments/pay_ywuwnf/status', ids.slice(0, 4)],
    ['short words of one length', '/api/cart', ['/api/shop', '/api/item', '/api/user', '/api/mail', '/api/ping', '/api/info', '/api/help', '/api/auth']],
  ])('leaves %s alone', (_what, path, known) => {
    expect(learnPattern(path, known)).toBeUndefined();
  });
});

describe('pathExpression()', () => {
  const finds = (value: string, path: string): boolean => compileLinearExpression(pathExpression(value))(path);
  test.each([
    ['/v1/payments/{id}/status', '/v1/payments/77/status', true],
    ['/v1/payments/{id}/status', '/v1/payments/77/8/status', false],
    ['/v1/payments/{id}/status', '/v1/payments/77/status/more', false],
    ['/cart', '/cart', true],
    ['/cart', '/cart;jsessionid=4', true],
    ['/cart', '/carts', false],
    ['/cart', '/my/cart', false],
    ['/a/*', '/a/b/c', true],
    ['/a.b', '/aXb', false],
    ['/a(b', '/a(b', true],
    ['refund', '/v1/payments/refund', true],
  ])('%s on %s: %s', (value, path, isFound) => {
    expect(finds(value, path)).toBe(isFound);
  });
});

describe('nameExpression()', () => {
  test.each([
    ['api.stripe.example.', 'api.stripe.example.', true],
    ['api.stripe.example.', 'api.stripe.example.shop.svc.cluster.local.', true],
    ['api.stripe.example.', 'xapi.stripe.example.', false],
    ['api.stripe.example.', 'apixstripe.example.', false],
    ['*.shop.svc.cluster.local.', 'a.shop.svc.cluster.local.', true],
    ['*.shop.svc.cluster.local.', 'a.shop.svc.cluster.local.x.', false],
    ['stripe', 'api.stripe.example.', true],
  ])('%s on %s: %s', (value, name, isFound) => {
    expect(compileLinearExpression(nameExpression(value))(name)).toBe(isFound);
  });
});
