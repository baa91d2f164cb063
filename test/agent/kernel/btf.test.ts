import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readBtfEnums } from '../../../agent/kernel/btf.ts';
import { DropReasons } from '../../../agent/kernel/drop-reasons.ts';

const kindInt = 1, kindStruct = 4, kindEnum = 6, kindEnum64 = 19;

interface BtfType {
  kind: number;
  name: string;
  members?: [name: string, value: number][];
  extraWords?: number[];
}

/** A small BTF section: header, types, strings. */
function btfOf(types: BtfType[]): Uint8Array {
  let strings = '\0';
  const stringAt = (text: string): number => {
    const found = strings.indexOf(`\0${text}\0`);
    if (found >= 0) return found + 1;
    strings += `${text}\0`;
    return strings.length - text.length - 1;
  };
  const words = types.flatMap(({ kind, name, members = [], extraWords = [] }) => [
    stringAt(name), (kind << 24) | members.length, 4,
    ...extraWords,
    ...members.flatMap(([member, value]) => (kind === kindEnum ? [stringAt(member), value] : [stringAt(member), value, 0])),
  ]);
  const stringBytes = new TextEncoder().encode(strings);
  const bytes = new Uint8Array(24 + words.length * 4 + stringBytes.length);
  const header = new DataView(bytes.buffer);
  [0x0001_eb9f, 24, 0, words.length * 4, words.length * 4, stringBytes.length].forEach((word, index) => header.setUint32(index * 4, word, true));
  words.forEach((word, index) => header.setUint32(24 + index * 4, word, true));
  bytes.set(stringBytes, 24 + words.length * 4);
  return bytes;
}

const reasons: BtfType = {
  kind: kindEnum,
  name: 'skb_drop_reason',
  members: [['SKB_NOT_DROPPED_YET', 0], ['SKB_CONSUMED', 1], ['SKB_DROP_REASON_NOT_SPECIFIED', 2], ['SKB_DROP_REASON_NO_SOCKET', 7], ['SKB_DROP_REASON_TCP_OLD_ACK', 40]],
};
const subsystems: BtfType = { kind: kindEnum, name: 'skb_drop_reason_subsys', members: [['SKB_DROP_REASON_SUBSYS_CORE', 0], ['SKB_DROP_REASON_SUBSYS_OPENVSWITCH', 2]] };
const filler: BtfType[] = [
  { kind: kindInt, name: 'int', extraWords: [32] },
  { kind: kindStruct, name: 'reason_holder', members: [['skb_drop_reason', 1], ['other', 1]] },
];

test('readBtfEnums() finds enumerations behind types of other kinds', () => {
  const enums = readBtfEnums(btfOf([...filler, reasons, { kind: kindEnum64, name: 'wide', members: [['BIG', 5]] }]), ['skb_drop_reason', 'wide', 'absent']);
  expect(enums?.get('skb_drop_reason')?.get(7)).toBe('SKB_DROP_REASON_NO_SOCKET');
  expect(enums?.get('wide')?.get(5)).toBe('BIG');
  expect(enums?.has('absent')).toBe(false);
});

test('readBtfEnums() refuses what is not BTF or is cut short', () => {
  const whole = btfOf([reasons]);
  expect(readBtfEnums(new Uint8Array(100), ['skb_drop_reason'])).toBeUndefined();
  for (const length of [0, 10, 23, 24, whole.length - 1]) expect(readBtfEnums(whole.subarray(0, length), ['skb_drop_reason'])).toBeUndefined();
});

test.each([
  [7, 'NO_SOCKET', 'core'],
  [1, 'SKB_CONSUMED', 'core'],
  [99, 'REASON_99', 'core'],
  [0x20003, 'REASON_3', 'openvswitch'],
  [0x70001, 'REASON_1', 'subsystem_7'],
])('DropReasons.name() of %i is %s of %s', (reason, name, subsystem) => {
  expect(new DropReasons(btfOf([...filler, reasons, subsystems])).name(reason)).toEqual({ name, subsystem });
});

test('DropReasons.noise() is what nobody loses anything by', () => {
  expect(new DropReasons(btfOf([reasons])).noise()).toEqual([0, 1, 2, 40]);
});

test('DropReasons without BTF keeps the numbers', () => {
  expect(new DropReasons(new Uint8Array(0)).name(6)).toEqual({ name: 'REASON_6', subsystem: 'core' });
});

const vmlinux = '/sys/kernel/btf/vmlinux';
test.skipIf(!existsSync(vmlinux))(`DropReasons reads this kernel's BTF (skipped without ${vmlinux})`, () => {
  const real = new DropReasons(readFileSync(vmlinux));
  expect(real.count).toBeGreaterThan(5);
  expect([...Array(200).keys()].map((reason) => real.name(reason).name)).toContain('NO_SOCKET');
  expect(real.noise().length).toBeGreaterThan(2);
});
