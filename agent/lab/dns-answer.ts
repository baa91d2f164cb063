const headerBytes = 12;
const typeA = 1;
const typeAaaa = 28;
const classIn = 1;
const ttlSeconds = 5;
const rcodeNoName = 3;
/** Response, authoritative, recursion available (RFC 1035 §4.1.1). */
const answerFlags = 0x8480;

/** Addresses of one name. */
export interface DnsRecords {
  a: Uint8Array;
  aaaa: Uint8Array;
}

/** Answers a query of one question for A or AAAA; undefined for what is no such query. */
export function answerDnsQuery(query: Uint8Array, find: (name: string) => DnsRecords | undefined): Uint8Array | undefined {
  if (query.length < headerBytes + 5) return undefined;
  const view = new DataView(query.buffer, query.byteOffset, query.length);
  if ((view.getUint16(2) & 0x8000) !== 0 || view.getUint16(4) !== 1) return undefined;
  const question = readQuestion(query, view);
  if (question === undefined) return undefined;
  const records = find(question.name.toLowerCase());
  const data = question.type === typeA ? records?.a : question.type === typeAaaa ? records?.aaaa : undefined;
  const answer = data === undefined ? new Uint8Array() : resourceRecord(question.type, data);
  const response = new Uint8Array(question.end + answer.length);
  response.set(query.subarray(0, question.end));
  response.set(answer, question.end);
  const header = new DataView(response.buffer);
  header.setUint16(2, answerFlags | (view.getUint16(2) & 0x0100) | (records === undefined ? rcodeNoName : 0));
  header.setUint16(6, data === undefined ? 0 : 1);
  header.setUint32(8, 0);
  return response;
}

function readQuestion(query: Uint8Array, view: DataView): { name: string; type: number; end: number } | undefined {
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = query[at] ?? 64;
    if (length === 0) break;
    if (length > 63 || at + 1 + length > query.length) return undefined;
    labels.push(new TextDecoder('latin1').decode(query.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > query.length || view.getUint16(at + 3) !== classIn) return undefined;
  return { name: labels.join('.'), type: view.getUint16(at + 1), end };
}

function resourceRecord(type: number, data: Uint8Array): Uint8Array {
  const record = new Uint8Array(12 + data.length);
  const view = new DataView(record.buffer);
  // The name is a pointer to the question's (RFC 1035 §4.1.4).
  view.setUint16(0, 0xc000 | headerBytes);
  view.setUint16(2, type);
  view.setUint16(4, classIn);
  view.setUint32(6, ttlSeconds);
  view.setUint16(10, data.length);
  record.set(data, 12);
  return record;
}
