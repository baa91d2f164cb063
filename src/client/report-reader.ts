import type { Codec } from '../wire/codec.ts';
import { hasMoreFieldsThan } from '../wire/field-count.ts';
import { ReportCodec, type Report } from '../wire/gen/hubtop.ts';
import { TelemetryService } from '../wire/services.ts';
import type { Method } from '../rpc/channel.ts';

/** Fields of one report: a thousand nodes' are about 200,000. */
const maxReportFields = 524_288;
/** Part of our time that one server's reports may take: whoever sends nonsense without pause waits nine times what it cost. */
const restPerWork = 9;
const longestRestMs = 10_000;

/** Reads the reports of one server, and knows how long to rest after one. */
export class ReportReader {
  readonly method: Method<object, Report>;
  private workMs = 0;

  constructor(private readonly nowMs: () => number) {
    const response: Codec<Report> = {
      name: ReportCodec.name,
      fields: ReportCodec.fields,
      encode: (report) => ReportCodec.encode(report),
      decode: (bytes) => this.work(() => {
        if (hasMoreFieldsThan(ReportCodec, bytes, maxReportFields)) throw new Error(`a report of more than ${maxReportFields} fields`);
        return ReportCodec.decode(bytes);
      }),
    };
    this.method = { ...TelemetryService.Watch, response };
  }

  /** Runs what a report costs and remembers how long it took. */
  work<Result>(run: () => Result): Result {
    const startMs = this.nowMs();
    try {
      return run();
    } finally {
      this.workMs += this.nowMs() - startMs;
    }
  }

  /** How long to leave the server's next report where it is; 0 for what an honest one costs. */
  takeRestMs(): number {
    const restMs = Math.min(longestRestMs, this.workMs * restPerWork);
    this.workMs = 0;
    return restMs < 500 ? 0 : restMs;
  }
}
