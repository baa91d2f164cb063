import type { Codec } from '../../wire/codec.ts';
import { ChangeCodec, DropCountCodec, NodeReportCodec, PairCountCodec, PolicyFactCodec, RelayReportCodec, ReportCodec, TcpCountCodec, type Report } from '../../wire/gen/hubtop.ts';

/** What a client takes as one message is 4 MiB. */
const maxReportBytes = 3 * 1024 * 1024;
/** Bytes of each list of a report that is cut; together they fit. */
const maxListBytes = 560 * 1024;

/**
 * A report as bytes that every client takes. One that is too long loses its longest rows first: they are a node's that
 * names itself in kilobytes, and the others' shall not go down with them. Sums and counts stay.
 */
export function encodeReport(report: Report): Uint8Array {
  const bytes = ReportCodec.encode(report);
  if (bytes.length <= maxReportBytes) return bytes;
  return ReportCodec.encode({
    ...report,
    nodes: shortest(report.nodes, NodeReportCodec),
    pairs: shortest(report.pairs, PairCountCodec),
    drops: shortest(report.drops, DropCountCodec),
    relays: shortest(report.relays, RelayReportCodec),
    changes: shortest(report.changes, ChangeCodec),
    policies: shortest(report.policies, PolicyFactCodec),
    tcp: shortest(report.tcp, TcpCountCodec),
  });
}

/** The shortest rows that fit, in the order they had. */
function shortest<Row>(rows: readonly Row[] = [], codec: Codec<Row>): Row[] {
  const sizes = rows.map((row, index) => ({ index, bytes: codec.encode(row).length })).toSorted((one, other) => one.bytes - other.bytes);
  const kept = new Set<number>();
  let total = 0;
  for (const { index, bytes } of sizes) {
    total += bytes;
    if (total > maxListBytes) break;
    kept.add(index);
  }
  return rows.filter((_row, index) => kept.has(index));
}
