import type { FlowScan } from '../wire/flow-scan.ts';

const REQUEST = 1;
const RESPONSE = 2;

/** Who is at the ends of a record, as numbers of the endpoint interner and the directory; client first. */
export interface L7Ends {
  timeMs: number;
  count: number;
  client: number;
  clientParty: number;
  server: number;
  serverParty: number;
}

/** Whether a record is an answer: its type says so, or where it has none the flow. */
export function isAnswer(scan: FlowScan): boolean {
  return scan.l7Type === RESPONSE || (scan.l7Type !== REQUEST && scan.isReply === 1);
}
