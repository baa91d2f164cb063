import { expect, test } from 'vitest';
import { readDnsAnswer } from '../../../agent/decode/dns-answer.ts';
import { seededRandom } from '../../src/seeded-random.ts';
import { type DnsRecord, dnsMessage, dnsName } from '../dns-message.ts';

const A = [93, 184, 216, 34];
const AAAA = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const read = (message: Uint8Array): unknown => {
  const answer = readDnsAnswer(message);
  return answer === undefined ? undefined : [answer.name, ...answer.addresses.map(({ bytes, ttlSeconds }) => `${[...bytes].join('.')} ${ttlSeconds}`)];
};

test.each<[string, readonly DnsRecord[], string[]]>([
  ['addresses of both families', [{ owner: 'www.example.com', address: A, ttl: 30 }, { owner: 'www.example.com', address: AAAA, ttl: 0xffff_ffff }], ['93.184.216.34 30', `${AAAA.join('.')} 4294967295`]],
  ['capital letters', [{ owner: 'WWW.Example.COM', address: A }], ['93.184.216.34 60']],
  ['a chain of aliases, whose shortest life holds', [{ owner: 'www.example.com', alias: 'a.cdn.net', ttl: 20 }, { owner: 'a.cdn.net', alias: 'b.cdn.net', ttl: 300 }, { owner: 'b.cdn.net', address: A, ttl: 90 }], ['93.184.216.34 20']],
  ['an address of somebody else', [{ owner: 'evil.example.net', address: A }], []],
  ['an address that comes before the alias that leads there', [{ owner: 'a.cdn.net', address: A }, { owner: 'www.example.com', alias: 'a.cdn.net' }], []],
  ['aliases in a circle', [{ owner: 'www.example.com', alias: 'a.net' }, { owner: 'a.net', alias: 'www.example.com' }, { owner: 'a.net', address: A, ttl: 5 }], ['93.184.216.34 5']],
  ['an address of a wrong length', [{ owner: 'www.example.com', type: 1, data: [1, 2, 3] }, { owner: 'www.example.com', address: A }], ['93.184.216.34 60']],
  ['records of another class and type', [{ owner: 'www.example.com', address: A, group: 3 }, { owner: 'www.example.com', type: 16, data: A }], []],
  ['no records', [], []],
])('readDnsAnswer() with %s', (_case, records, addresses) => {
  expect(read(dnsMessage('www.example.com', records))).toEqual(['www.example.com', ...addresses]);
});

const good = dnsMessage('www.example.com', [{ owner: 'www.example.com', address: A }]);
/** The question's name stands at 12, the first record at 33. */
const RECORD = 33;
const pointing = (...pointer: number[]): Uint8Array => Uint8Array.from([...good.subarray(0, RECORD), ...pointer, ...good.subarray(RECORD + dnsName('www.example.com').length)]);

test('readDnsAnswer() follows a pointer back, also from behind a label', () => {
  expect(read(pointing(0xc0, 12))).toEqual(['www.example.com', '93.184.216.34 60']);
  expect(read(pointing(3, 119, 119, 119, 0xc0, 16))).toEqual(['www.example.com', '93.184.216.34 60']);
});

test.each<[string, Uint8Array]>([
  ['a pointer to itself', pointing(0xc0, RECORD)], ['a pointer forward', pointing(0xc0, RECORD + 4)], ['a pointer into the header', pointing(0xc0, 4)], ['half a pointer', good.slice(0, RECORD).fill(0xc0, RECORD - 1)],
  ['a label of a kind that is not in use', pointing(0x41, 0)], ['a question', dnsMessage('www.example.com', [], { flags: 0x0100 })], ['a failure', dnsMessage('www.example.com', [], { flags: 0x8183 })],
  ['two questions', dnsMessage('www.example.com', [], { questions: 2 })], ['no question', dnsMessage('www.example.com', [], { questions: 0 })], ['the root', dnsMessage('', [])], ['nothing', new Uint8Array()],
  ['a dot inside a label', Uint8Array.from(good, (byte, i) => (i === 14 ? 46 : byte))], ['a control character', Uint8Array.from(good, (byte, i) => (i === 14 ? 27 : byte))],
  ['a name that is too long', dnsMessage(Array.from({ length: 8 }, () => 'x'.repeat(40)).join('.'), [])],
])('readDnsAnswer() refuses %s', (_case, message) => {
  expect(readDnsAnswer(message)).toBeUndefined();
});

test('readDnsAnswer() refuses an answer cut at any byte', () => {
  for (let length = 0; length < good.length; length++) expect(readDnsAnswer(good.subarray(0, length))).toBeUndefined();
});

test('readDnsAnswer() comes to an end on whatever it is given, and never with a name that could not be asked for', () => {
  const random = seededRandom(53);
  for (let round = 0; round < 20_000; round++) {
    const bytes = good.slice();
    for (let i = 0; i < 6; i++) bytes[12 + Math.floor(random() * (bytes.length - 12))] = random() < 0.3 ? 0xc0 : Math.floor(random() * 256);
    const answer = readDnsAnswer(bytes);
    if (answer !== undefined) expect(answer.name).toMatch(/^[-_a-z0-9]+(\.[-_a-z0-9]+)*$/);
  }
});
