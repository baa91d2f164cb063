/** A record of an answer: addresses as text of bytes, an alias by its target's name. */
export type DnsRecord = { owner: string; ttl?: number; group?: number } & ({ address: readonly number[] } | { alias: string } | { type: number; data: readonly number[] });

const HEADER = (flags: number, questions: number, records: number): number[] => [0x12, 0x34, flags >> 8, flags & 255, 0, questions, records >> 8, records & 255, 0, 0, 0, 0];

/** A name as DNS writes it, without compression. */
export function dnsName(name: string): number[] {
  return [...name.split('.').filter((label) => label !== '').flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]), 0];
}

/** An answer to a question for a name, as a resolver sends it. */
export function dnsMessage(question: string, records: readonly DnsRecord[], { flags = 0x8180, questions = 1 }: { flags?: number; questions?: number } = {}): Uint8Array {
  const body = records.flatMap((record) => {
    const data = 'address' in record ? [...record.address] : 'alias' in record ? dnsName(record.alias) : [...record.data];
    const type = 'address' in record ? (record.address.length === 4 ? 1 : 28) : 'alias' in record ? 5 : record.type;
    const ttl = record.ttl ?? 60;
    return [...dnsName(record.owner), 0, type, 0, record.group ?? 1, (ttl >>> 24) & 255, (ttl >>> 16) & 255, (ttl >>> 8) & 255, ttl & 255, data.length >> 8, data.length & 255, ...data];
  });
  return Uint8Array.from([...HEADER(flags, questions, records.length), ...dnsName(question), 0, 1, 0, 1, ...body]);
}
