import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runOnPacket } from '../../agent/kernel/test-run.ts';
import { denyPod, narrow, oneDenied } from './denied-pod.ts';
import { client, ethernet, ipv4, tcp } from './packets.ts';
import { cannotTest, compileObject, type Event, Programs, type Sweep } from './programs.ts';

const TCP = 6;
const SHOT = 2;
const NEXT = -1;
const noFold = 1; // HT_CONFIG_NO_FOLD
const kinds = ['trace', 'drop', 'policy-verdict'] as const;
const typeOf = { trace: 4, drop: 1, 'policy-verdict': 5 } as const;
const sources = 100_000;
const conntrackEntries = 1024;
const syn = ethernet(0x0800, ipv4(TCP, tcp(40_000, 80, 'S'), { from: [11, 0, 0, 0], to: client.ipv4 }));

describe.skipIf(cannotTest !== '')('100,000 SYNs of as many sources, to a small conntrack and small rings', { timeout: 60_000 }, () => {
  let programs: Programs;
  let allowAgain: () => void = () => {};
  beforeAll(() => {
    programs = new Programs({ maxEntries: { ht_urgent: 1 << 16, ht_bulk: 1 << 16, ht_conntrack: conntrackEntries } }, compileObject('test/bpf/flood.bpf.c'));
  });
  beforeEach(async () => {
    programs.reset();
    await programs.folds();
    programs.object.map('ht_test_source').update(new Uint8Array(4), new Uint8Array(new Uint32Array([0x0b00_0000]).buffer));
  });
  afterEach(() => allowAgain());
  afterAll(() => programs.close());

  /** Everything there is to know once the flood is over. */
  async function flood(): Promise<{ returned: number; rows: Event[]; folds: Event[]; swept: Sweep }> {
    const { returned } = runOnPacket(programs.object, 'ht_test_flood', syn, { repeat: sources });
    const swept = programs.sweep();
    return { returned, rows: programs.events(), folds: await programs.folds(), swept };
  }

  /** Both ledgers, from what arrived: each kind by itself, and volume against the pairs. */
  function expectBalance({ rows, folds, swept }: Awaited<ReturnType<typeof flood>>): Record<(typeof kinds)[number], { happened: number; lost: number; suppressed: number }> {
    const counters = programs.counters();
    const found: Partial<ReturnType<typeof expectBalance>> = {};
    for (const kind of kinds) {
      const total = { happened: 0, lost: 0, suppressed: 0, submitted: 0, folded: 0 };
      for (const counts of counters.events.filter((row) => row.kind === kind)) {
        expect(counts.happened, `${kind} of lane ${counts.lane}`).toBe(counts.submitted + counts.folded + counts.lost + counts.suppressed);
        expect(rows.filter(({ type, lane }) => type === typeOf[kind] && lane === counts.lane)).toHaveLength(counts.submitted);
        for (const name of ['happened', 'lost', 'suppressed', 'submitted', 'folded'] as const) total[name] += counts[name];
      }
      expect(folds.filter(({ type }) => type === typeOf[kind]).reduce((sum, { folded }) => sum + folded, 0)).toBe(total.folded);
      found[kind] = { happened: total.happened, lost: total.lost, suppressed: total.suppressed };
    }
    expect(counters.pairFailed).toBe(0);
    expect(programs.pairs().reduce((sum, { skbs, bytes }) => sum + skbs + bytes, 0)).toBe(sources * (1 + syn.length));
    expect(swept.live).toBeLessThanOrEqual(conntrackEntries);
    return found as ReturnType<typeof expectBalance>;
  }

  const skbsOf = (events: readonly Event[], type: number): number => events.filter((event) => event.type === type).reduce((sum, { skbs }) => sum + skbs, 0);
  const evicted = ({ live }: Sweep): number => programs.counters().conntrackInserted - programs.counters().conntrackDeleted - live;

  test('observed, they fold: nothing is lost, and evicted entries take nothing with them', async () => {
    const all = await flood();
    const { trace, drop, 'policy-verdict': verdict } = expectBalance(all);
    expect([all.returned, trace, drop.happened, verdict.happened]).toEqual([NEXT, { happened: sources, lost: 0, suppressed: 0 }, 0, 0]);
    expect(programs.counters().conntrackInserted).toBe(sources);
    expect(evicted(all.swept)).toBeGreaterThanOrEqual(sources - conntrackEntries);
    expect(all.swept).toMatchObject({ liveSkbs: 0, liveBytes: 0 });
    expect(skbsOf([...all.rows, ...all.folds], 4)).toBe(sources);
    expect(programs.pairs()).toMatchObject([{ connections: sources, reported: sources, port: 80, direction: 1, verdict: 1 }]);
  });

  test('with folding off, what is not reported is live or was evicted', async () => {
    programs.configure({ flags: noFold });
    const all = await flood();
    expectBalance(all);
    expect(all.folds).toEqual([]);
    const opened = all.rows.filter(({ lane }) => lane === 0);
    const lost = sources - opened.length;
    expect(programs.counters().events.find(({ kind, lane }) => kind === 'trace' && lane === 0)).toMatchObject({ happened: sources, submitted: opened.length, lost });
    // each lost event left its packet in an entry: the sweep told of it, or it is still there, or it was pushed out
    const taken = sources - skbsOf(all.rows, 4) - all.swept.liveSkbs;
    expect(all.swept.reported).toBeGreaterThan(0);
    expect(taken + all.swept.reported + all.swept.liveSkbs).toBe(lost);
    expect(taken).toBeLessThanOrEqual(evicted(all.swept));
    expect(evicted(all.swept)).toBeGreaterThanOrEqual(sources - conntrackEntries);
  });

  test('refused, none takes a place in conntrack: all are counted, the first of each second are told', async () => {
    allowAgain = denyPod(programs, narrow);
    const all = await flood();
    const { trace, drop, 'policy-verdict': verdict } = expectBalance(all);
    expect([all.returned, trace.happened, verdict.happened, programs.counters().conntrackInserted, all.swept.live]).toEqual([SHOT, 0, sources, 0, 0]);
    expect(drop).toMatchObject({ happened: sources, lost: 0 });
    expect(drop.suppressed).toBeGreaterThan(sources * 0.9);
    expect(programs.refused()).toBe(sources);
    expect(programs.pairs()).toMatchObject([{ skbs: sources, connections: 0, verdict: 2, direction: 1, reported: sources - drop.suppressed }]);
    expect(skbsOf([...all.rows, ...all.folds], 1)).toBe(sources - drop.suppressed);
  });

  test('audited, they pass and are told to be what enforcing drops', async () => {
    allowAgain = denyPod(programs, narrow, { mode: 'audit' });
    const all = await flood();
    const { trace, drop, 'policy-verdict': verdict } = expectBalance(all);
    expect([all.returned, trace, drop.happened, verdict.happened]).toEqual([NEXT, { happened: sources, lost: 0, suppressed: 0 }, 0, sources]);
    expect([programs.counters().policyAudited, programs.refused()]).toEqual([sources, 0]);
    expect(skbsOf([...all.rows, ...all.folds], 4) + all.swept.liveSkbs).toBe(sources);
    expect(programs.pairs()).toMatchObject([{ skbs: sources, connections: sources, verdict: 4 }]);
  });

  test('a connection that policies allow is not cut by a flood that pushes its entry out', async () => {
    const own = (flags: string): Uint8Array => ethernet(0x0800, ipv4(TCP, tcp(50_000, 443, flags)));
    const answer = (flags: string): Uint8Array => ethernet(0x0800, ipv4(TCP, tcp(443, 50_000, flags), { from: [10, 0, 2, 9], to: client.ipv4 }));
    allowAgain = denyPod(programs, [...oneDenied, ...narrow.filter(({ direction }) => direction === 2)]);
    for (const [flags, reply] of [['S', 'S.'], ['.', 'P.']] as const) expect([programs.send(own(flags)).returned, programs.receive(answer(reply)).returned]).toEqual([NEXT, NEXT]);
    expect((await flood()).returned).toBe(NEXT);
    expect([programs.receive(answer('P.')).returned, programs.send(own('.')).returned, programs.receive(answer('F.')).returned]).toEqual([NEXT, NEXT, NEXT]);
    expect(programs.counters().midStream).toBe(1); // it was pushed out
  });
});
