import { expect, test } from 'vitest';
import { MAX_IPS_PER_NAME, MAX_NAMED_IPS, MAX_NAMES, MIN_LIFE_SECONDS, NameBook } from '../../../agent/policy/name-book.ts';
import { MAX_NAME_CLASSES, NameClasses } from '../../../agent/policy/name-classes.ts';
import { parsePrefix } from '../../../src/flow/ip-prefix.ts';

const ipOf = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
const record = (ip: string, ttlSeconds = 60): { ip: string; ttlSeconds: number } => ({ ip, ttlSeconds });
const anyName = (): boolean => true;

test('NameBook.learn() gives back what is new of a name, and namesOf() all names of an address', () => {
  const book = new NameBook();
  expect(book.learn('b.net', [record('1.1.1.1'), record('1.1.1.2')], 0)).toEqual(['1.1.1.1', '1.1.1.2']);
  expect(book.learn('b.net', [record('1.1.1.2'), record('1.1.1.3')], 1)).toEqual(['1.1.1.3']);
  expect(book.learn('a.net', [record('1.1.1.2')], 1)).toEqual(['1.1.1.2']);
  expect(book.learn('empty.net', [], 1)).toEqual([]);
  expect([book.namesOf('1.1.1.2'), book.namesOf('9.9.9.9'), book.size]).toEqual([['a.net', 'b.net'], [], 2]);
});

test('NameBook.forget() keeps an address for an hour at least, longer where it is told again, and goes by names too', () => {
  const book = new NameBook();
  book.learn('a.net', [record('1.1.1.1', 1), record('1.1.1.2', 2 * MIN_LIFE_SECONDS)], 0);
  expect(book.forget(MIN_LIFE_SECONDS - 1, anyName)).toBe(false);
  book.learn('a.net', [record('1.1.1.1', 1)], 10);
  expect(book.forget(MIN_LIFE_SECONDS, anyName)).toBe(false);
  expect(book.forget(MIN_LIFE_SECONDS + 10, anyName)).toBe(true);
  expect([...book.ips()]).toEqual(['1.1.1.2']);
  expect(book.forget(20, (name) => name !== 'a.net')).toBe(true);
  expect([...book.ips(), book.size]).toEqual([0]);
});

test('NameBook holds so many addresses of a name, names and addresses, and counts the others', () => {
  const book = new NameBook();
  const many = Array.from({ length: MAX_IPS_PER_NAME + 5 }, (_, i) => record(ipOf(i), MIN_LIFE_SECONDS + i));
  expect(book.learn('a.net', many, 0)).toHaveLength(MAX_IPS_PER_NAME);
  expect([book.missedCount, [...book.ips()].length, book.namesOf(ipOf(0)), book.namesOf(ipOf(54))]).toEqual([5, MAX_IPS_PER_NAME, [], ['a.net']]);
  expect([book.forget(0, anyName), book.forget(0, anyName)]).toEqual([true, false]);
  for (let i = 0; i < MAX_NAMES + 7; i++) book.learn(`n${i}.net`, Array.from({ length: 5 }, (_, j) => record(ipOf(1_000 + i * 5 + j))), 0);
  expect(book.size).toBeLessThanOrEqual(MAX_NAMES);
  expect([...book.ips()].length).toBe(MAX_NAMED_IPS);
  expect(book.missedCount).toBe(5 + (MAX_NAMES + 7) * 5 - (MAX_NAMED_IPS - MAX_IPS_PER_NAME));
});

const selector = (text: string): { type: 'fqdn'; text: string } => ({ type: 'fqdn', text });
const network = (text: string): NonNullable<ReturnType<typeof parsePrefix>> => {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(text);
  return prefix;
};

test('NameClasses put addresses together that the same rules name in the same network, and know what to expect', () => {
  const classes = new NameClasses([selector('api.example.com'), selector('*.example.com')], ['0.0.0.0/0', '::/0', '93.0.0.0/8'].map(network));
  const book = new NameBook();
  expect(classes.all(book).map(({ key }) => key).sort()).toEqual([
    'cidr:0.0.0.0/0 fqdn:*.example.com fqdn:api.example.com reserved:world', 'cidr:0.0.0.0/0 fqdn:*.example.com reserved:world',
    'cidr:::/0 fqdn:*.example.com fqdn:api.example.com reserved:world', 'cidr:::/0 fqdn:*.example.com reserved:world',
  ]);
  book.learn('www.example.com', [record('93.1.1.1'), record('8.8.8.8'), record('93.1.1.2')], 0);
  book.learn('api.example.com', [record('8.8.8.8'), record('9.9.9.9')], 0);
  book.learn('example.com', [record('7.7.7.7')], 0);
  expect(classes.all(book).filter(({ ips }) => ips.length > 0).map(({ key, ips }) => [key, ips])).toEqual([
    ['cidr:0.0.0.0/0 fqdn:*.example.com fqdn:api.example.com reserved:world', ['8.8.8.8', '9.9.9.9']], ['cidr:93.0.0.0/8 fqdn:*.example.com reserved:world', ['93.1.1.1', '93.1.1.2']],
  ]);
});

test('NameClasses make so many, and count addresses that belong to another', () => {
  const classes = new NameClasses(Array.from({ length: MAX_NAME_CLASSES + 10 }, (_, i) => selector(`n${i}.net`)), []);
  const before = classes.missedCount;
  expect(classes.of('1.1.1.1', [`n${MAX_NAME_CLASSES + 1}.net`])).toBeUndefined();
  expect(classes.missedCount).toBe(before + 1);
  expect(classes.of('1.1.1.1', ['n3.net'])?.labels).toEqual(['fqdn:n3.net', 'reserved:world']);
});

test('NameBook.restore() takes back what entries() gave, within the same bounds', () => {
  const [book, next] = [new NameBook(), new NameBook()];
  book.learn('a.net', Array.from({ length: MAX_IPS_PER_NAME }, (_, i) => record(ipOf(i))), 0);
  book.learn('b.net', [record(ipOf(0), 2 * MIN_LIFE_SECONDS)], 0);
  const entries = [...book.entries()];
  for (const entry of [...entries, { name: 'a.net', ip: ipOf(999), untilS: 9 }]) next.restore(entry);
  expect([...next.entries()]).toEqual(entries);
  expect([next.namesOf(ipOf(0)), next.namesOf(ipOf(999)), next.untilS('b.net', ipOf(0)), next.untilS('b.net', ipOf(1))]).toEqual([['a.net', 'b.net'], [], 2 * MIN_LIFE_SECONDS, 0]);
});
