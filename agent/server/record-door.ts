import type { Flow } from '../../src/wire/gen/flow.ts';
import { recordFlow } from '../enrich/record-flow.ts';
import type { RowContext } from '../enrich/row-context.ts';
import type { WholeFlows } from '../history/whole-flows.ts';
import type { WakeUp } from './wake-up.ts';

/**
 * Where records of applications come into an agent: parsers know addresses, the door knows names. Give records in the order of
 * time, and say often (every 100 ms at least) up to when all have come: rows of that time wait for it, for a quarter of a second at most.
 */
export class RecordDoor {
  private last = 0;

  constructor(private readonly context: RowContext, private readonly whole: WholeFlows, private readonly news: WakeUp) {}

  /** One record, filled as recordFlow() says. */
  add(record: Flow): void {
    this.whole.add(recordFlow(record, ++this.last, this.context));
  }

  /** No record older than this will come; wall clock. */
  complete(wallNs: bigint): void {
    this.whole.complete(wallNs);
    this.news.ring();
  }
}
