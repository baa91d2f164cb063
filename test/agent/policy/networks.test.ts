import { describe, expect, test } from 'vitest';
import { AddressOrder, firstAddress } from '../../../agent/policy/address-order.ts';
import { inOrder, namedNetworks, ownAddress, prefixText } from '../../../agent/policy/networks.ts';
import { type IpPrefix, isInsidePrefix, parsePrefix } from '../../../src/flow/ip-prefix.ts';
import { formatIp } from '../../../src/lib/ip-bytes.ts';
import { seededRandom } from '../../src/seeded-random.ts';
import { policies } from './read-policies.ts';

function prefix(text: string): IpPrefix {
  const found = parsePrefix(text);
  if (found === undefined) throw new Error(text);
  return found;
}

const own = (text: string, ...others: string[]): string => {
  const all = [text, ...others].map(prefix);
  const address = ownAddress(prefix(text), inOrder(all));
  return address === undefined ? 'none' : formatIp(address.bytes, address.family);
};

describe('ownAddress()', () => {
  test.each([
    ['10.0.0.0/8', [], '10.0.0.0'],
    ['10.0.0.0/8', ['10.0.0.0/16'], '10.1.0.0'],
    ['10.0.0.0/8', ['10.0.0.0/9', '10.128.0.0/9'], 'none'],
    ['10.0.0.0/30', ['10.0.0.0/32', '10.0.0.1/32', '10.0.0.3/32'], '10.0.0.2'],
    ['0.0.0.0/0', ['255.255.255.255/32', '0.0.0.0/1'], '128.0.0.0'],
    ['255.255.255.254/31', ['255.255.255.254/32', '255.255.255.255/32'], 'none'],
    ['fd00::/8', ['fd00::/9', '10.0.0.0/8'], 'fd80::'],
    ['10.1.0.0/16', ['10.0.0.0/8', '10.1.0.0/16'], '10.1.0.0'],
  ])('of %s beside %j is %s', (text, others, address) => {
    expect(own(text, ...others)).toBe(address);
  });

  test('seeded: lies in its network and in none that is narrower; there is none only where the narrower ones fill it', () => {
    const next = seededRandom(77);
    const pick = (count: number): number => Math.floor(next() * count);
    for (let round = 0; round < 300; round++) {
      // few addresses, so that networks fill each other
      const all = Array.from({ length: 1 + pick(24) }, () => prefix(`10.0.0.${pick(16)}/${28 + pick(5)}`));
      const order = inOrder(all);
      for (const network of all) {
        const isOwn = (last: number): boolean => {
          const ip = prefix(`10.0.0.${last}/32`);
          return isInsidePrefix(ip, network) && !all.some((other) => other.bits > network.bits && isInsidePrefix(ip, other));
        };
        const free = Array.from({ length: 16 }, (_, last) => last).filter(isOwn);
        const address = ownAddress(network, order);
        expect(`round ${round} ${prefixText(network)} of ${all.map(prefixText).join()}: ${address?.bytes[3]}`).toBe(`round ${round} ${prefixText(network)} of ${all.map(prefixText).join()}: ${free[0]}`);
      }
    }
  });
});

test('AddressOrder.inside() gives what a look at each would', () => {
  const next = seededRandom(5);
  const ips = Array.from({ length: 200 }, () => firstAddress(prefix(next() < 0.5 ? `10.${Math.floor(next() * 4)}.${Math.floor(next() * 256)}.1/32` : `fd00:${Math.floor(next() * 4)}::1/128`)));
  const order = new AddressOrder(ips.map((ip) => ({ ip, thing: formatIp(ip.bytes, ip.family) })));
  for (const text of ['0.0.0.0/0', '::/0', '10.1.0.0/16', '10.1.128.0/17', 'fd00:2::/32', '9.0.0.0/8', '11.0.0.0/8', 'fe00::/8']) {
    const wanted = ips.filter((ip) => isInsidePrefix(ip, prefix(text))).map((ip) => formatIp(ip.bytes, ip.family));
    expect([...order.inside(prefix(text))].map(({ thing }) => thing).sort()).toEqual(wanted.sort());
  }
});

test('namedNetworks() names each network and each exception once, and all of the world beside them', () => {
  const read = policies('kind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8, except: [10.9.0.0/16]}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}\n');
  expect(namedNetworks(read).map(prefixText).sort()).toEqual(['0.0.0.0/0', '10.0.0.0/8', '10.9.0.0/16', '::/0']);
  expect(namedNetworks(policies('kind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}}\n'))).toEqual([]);
});
