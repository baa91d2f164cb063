import { type IpBytes, parseIp } from '../lib/ip-bytes.ts';

/** A network: the first `bits` of the address count. */
export interface IpPrefix extends IpBytes {
  bits: number;
}

/** Reads `10.0.0.0/8` or `fd00::/64`; undefined for anything else. */
export function parsePrefix(text: string): IpPrefix | undefined {
  const parts = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = parseIp(parts?.[1] ?? '');
  const bits = Number(parts?.[2]);
  if (address === undefined || bits > (address.family === 4 ? 32 : 128)) return undefined;
  return { ...address, bits };
}

/** Whether an address lies in a network of its own family. */
export function isInsidePrefix(address: IpBytes, prefix: IpPrefix): boolean {
  if (address.family !== prefix.family) return false;
  const whole = prefix.bits >> 3;
  for (let i = 0; i < whole; i += 1) if (address.bytes[i] !== prefix.bytes[i]) return false;
  const shift = 8 - (prefix.bits & 7);
  return shift === 8 || (address.bytes[whole] ?? 0) >> shift === (prefix.bytes[whole] ?? 0) >> shift;
}
