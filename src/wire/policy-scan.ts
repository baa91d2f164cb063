// Hot path: passes each flow of a policy verdict once, without making objects.
import { FlowTag } from './gen/field-numbers.ts';

/** Called with the range of one flow.Policy. */
export type PolicyVisitor = (start: number, end: number) => void;

/** Visits the policies that a flow names as having allowed or denied it, in the order of the bytes; stops at the first malformed field. */
export function forEachPolicy(bytes: Uint8Array, start: number, end: number, visit: PolicyVisitor): void {
  at = start;
  while (at < end) {
    const tag = varint(bytes, end);
    const wireType = tag & 7;
    if (wireType === 0) varint(bytes, end);
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType !== 2) return;
    else {
      const length = varint(bytes, end);
      const from = at;
      at += length;
      if (at > end) return;
      if (tag === FlowTag.egress_allowed_by || tag === FlowTag.ingress_allowed_by || tag === FlowTag.egress_denied_by || tag === FlowTag.ingress_denied_by) visit(from, at);
    }
  }
}

let at = 0;

// beyond 32 bits only the place after it matters
function varint(bytes: Uint8Array, end: number): number {
  let value = 0;
  for (let shift = 0; at < end; shift += 7) {
    const byte = bytes[at++] ?? 0;
    if (shift < 32) value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return value >>> 0;
}
