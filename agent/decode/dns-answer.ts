// DNS answers (RFC 1035, RFC 3596), as far as they say which addresses a name has: parser of one format. Whatever stands in them may be hostile.

/** Records of one message that are looked at; a message of 1,232 bytes has no room for more. */
export const MAX_RECORDS = 128;
/** RFC 1035: the longest name, as text. */
const MAX_NAME_CHARS = 253;
/** Compression pointers of one name that are followed. */
const MAX_JUMPS = 16;

const HEADER_BYTES = 12;
const IS_ANSWER = 0x8000, OPCODE_AND_CODE = 0x780f;
const [A, CNAME, AAAA, IN] = [1, 5, 28, 1];
const POINTER = 0xc0;
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [A]: 4, [AAAA]: 16 };

/** What an answer says of the name that was asked for. */
export interface DnsAnswer {
  /** Small letters, no dot at the end. */
  name: string;
  /** `bytes` are 4 or 16; of an address behind aliases the shortest life of the chain holds. */
  addresses: { bytes: Uint8Array; ttlSeconds: number }[];
}

/**
 * Reads an answer; undefined for whatever is none, has not exactly one question, failed, or breaks off. Addresses count
 * only where the question's name leads to their owner, each alias before what it stands for. Time is bounded by
 * MAX_RECORDS times MAX_JUMPS.
 */
export function readDnsAnswer(message: Uint8Array): DnsAnswer | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(2);
  if ((flags & IS_ANSWER) === 0 || (flags & OPCODE_AND_CODE) !== 0 || view.getUint16(4) !== 1) return undefined;
  const question = readName(message, HEADER_BYTES);
  if (question === undefined || question.name === '' || question.end + 4 > message.length || view.getUint16(question.end + 2) !== IN) return undefined;
  const lives = new Map([[question.name, Number.MAX_SAFE_INTEGER]]);
  const addresses: DnsAnswer['addresses'] = [];
  const records = Math.min(view.getUint16(6), MAX_RECORDS);
  for (let i = 0, at = question.end + 4; i < records; i++) {
    const owner = readName(message, at);
    if (owner === undefined || owner.end + 10 > message.length) return undefined;
    const [type, group, ttlSeconds, length, from] = [view.getUint16(owner.end), view.getUint16(owner.end + 2), view.getUint32(owner.end + 4), view.getUint16(owner.end + 8), owner.end + 10];
    at = from + length;
    if (at > message.length) return undefined;
    const life = lives.get(owner.name);
    if (group !== IN || life === undefined) continue;
    if (type === CNAME) {
      const target = readName(message, from);
      if (target === undefined || target.end !== at) return undefined;
      if (!lives.has(target.name)) lives.set(target.name, Math.min(life, ttlSeconds));
    } else if (length === ADDRESS_BYTES[type]) {
      addresses.push({ bytes: message.slice(from, at), ttlSeconds: Math.min(life, ttlSeconds) });
    }
  }
  return { name: question.name, addresses };
}

/** A name and where what follows it begins. Pointers go back only, so that they end. Characters that names of hosts do not have, a dot within a label first of all, make it no name. */
function readName(message: Uint8Array, start: number): { name: string; end: number } | undefined {
  let name = '';
  let end = -1;
  let at = start;
  for (let jumps = 0, earliest = start; ;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return { name, end: end < 0 ? at + 1 : end };
    if ((length & POINTER) === POINTER) {
      const low = message[at + 1];
      const target = ((length & ~POINTER) << 8) | (low ?? 0);
      if (low === undefined || target >= earliest || target < HEADER_BYTES || ++jumps > MAX_JUMPS) return undefined;
      if (end < 0) end = at + 2;
      earliest = target;
      at = target;
      continue;
    }
    if ((length & POINTER) !== 0 || at + 1 + length >= message.length) return undefined;
    const label = labelAt(message, at + 1, length);
    if (label === undefined || name.length + 1 + length > MAX_NAME_CHARS + 1) return undefined;
    name = name === '' ? label : `${name}.${label}`;
    at += 1 + length;
  }
}

function labelAt(message: Uint8Array, from: number, length: number): string | undefined {
  const label = String.fromCharCode(...message.subarray(from, from + length)).toLowerCase();
  return /^[-_a-z0-9]+$/.test(label) ? label : undefined;
}
