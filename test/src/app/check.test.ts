import { describe, expect, test } from 'vitest';
import { runCheck } from '../../../src/app/check.ts';
import type { DashboardSource } from '../../../src/app/session.ts';
import { parseConditions } from '../../../src/check/parse-conditions.ts';
import { exitCodeOf, resultLines } from '../../../src/check/result.ts';
import type { ClientMessage } from '../../../src/client/client-message.ts';
import type { GetFlowsRequest } from '../../../src/wire/gen/observer.ts';
import { START_MS } from '../views/scenes.ts';
import { flowOf, framed, joined, reportOf, TALKS } from './fake-cluster.ts';

/** A server on a clock of its own that stands still between sleeps. */
class Stage {
  nowMs = START_MS;
  requests: GetFlowsRequest[] = [];
  private readonly listeners = new Set<(message: ClientMessage) => void>();
  private readonly stop = new AbortController();

  /** `play` gives what is said at each tenth of a second after the start. */
  constructor(private readonly play: (tenth: number, stage: Stage) => readonly ClientMessage[]) {}

  open(): DashboardSource {
    let listening: ((message: ClientMessage) => void) | undefined;
    return {
      server: 'relay:4245',
      subscribe: (listener) => {
        listening = listener;
        this.listeners.add(listener);
        return () => void this.listeners.delete(listener);
      },
      setFlowsRequest: (request) => {
        if (request !== null) this.requests.push(request);
      },
      close: () => {
        if (listening !== undefined) this.listeners.delete(listening);
      },
    };
  }

  get openSources(): number {
    return this.listeners.size;
  }

  interruptAt(tenth: number): void {
    const inner = this.sleep;
    this.sleep = (ms) => {
      if (this.nowMs >= START_MS + tenth * 100) this.stop.abort();
      return inner(ms);
    };
  }

  sleep = (ms: number): Promise<void> => {
    for (const end = this.nowMs + ms; this.nowMs < end;) {
      this.nowMs += 100;
      for (const message of this.play((this.nowMs - START_MS) / 100, this)) for (const listener of this.listeners) listener(message);
    }
    return Promise.resolve();
  };

  async check(text: string, options: { timeoutMs?: number; leastSeen?: number } = {}): Promise<{ lines: string[]; exitCode: number; tookMs: number }> {
    const results = await runCheck({
      conditions: parseConditions(text), open: () => this.open(), now: () => this.nowMs, sleep: (ms) => this.sleep(ms), leastSeen: options.leastSeen ?? 0.95,
      timeoutMs: options.timeoutMs, signal: this.stop.signal,
    });
    expect(this.openSources).toBe(0);
    return { lines: resultLines(results), exitCode: exitCodeOf(results), tookMs: this.nowMs - START_MS };
  }
}

const LIVE: readonly ClientMessage[] = [{ type: 'connection', state: 'connecting' }, { type: 'connection', state: 'live' }, { type: 'flows-state', isOpen: true }];

/** A relay of ours: a report a second, 200 ms late, from half a second after the connection. */
function reports(options: (second: number) => Parameters<typeof reportOf>[2] | undefined, skewMs = 0): (tenth: number) => readonly ClientMessage[] {
  return (tenth) => {
    if (tenth === 1) return LIVE;
    if (tenth % 10 !== 7) return [];
    const second = (tenth - 7) / 10;
    const shape = options(second);
    return shape === undefined ? [] : [{ type: 'telemetry', report: reportOf(second, START_MS + tenth * 100 - 200 + skewMs, shape) }];
  };
}

const quiet = TALKS.filter((talk) => talk.drop === undefined);

describe('runCheck()', () => {
  test('says ok when it held for the whole time, a second or two later', async () => {
    const told = await new Stage(reports(() => ({ talks: quiet }))).check('drops(ns=payments) < 1/s for 30s');
    expect(told.lines).toEqual(['ok  drops(ns=payments) 0/s < 1/s for 30 s, seen 100 %']);
    expect(told.exitCode).toBe(0);
    expect(told.tookMs).toBeGreaterThan(30_000);
    expect(told.tookMs).toBeLessThan(34_000);
  });

  test('ends with the first breach', async () => {
    const told = await new Stage(reports((second) => ({ talks: second < 10 ? quiet : TALKS }))).check('drops(ns=payments) < 1/s for 60s and nodes == 12 for 60s');
    expect(told.lines[0]).toMatch(/^breached {2}drops\(ns=payments\) [\d.]+\/s, not < 1\/s for 60 s, at 12:00:1\dZ after 1\d s, seen 100 %$/);
    expect(told.lines[1]).toBe('unknown   nodes == 12 for 60 s cannot be told: the check ended with the condition that was breached; so far 12, seen 100 %');
    expect(told.exitCode).toBe(1);
    expect(told.tookMs).toBeLessThan(16_000);
  });

  test('cannot tell when nobody answers, and does not wait for what cannot come any more', async () => {
    const stage = new Stage((tenth) => (tenth % 50 === 1 ? [{ type: 'connection', state: 'lost', error: 'cannot connect to relay:4245: connection refused' }] : []));
    const told = await stage.check('drops < 1/s for 30s');
    expect(told.lines).toEqual(['unknown  drops < 1/s for 30 s cannot be told: cannot connect to relay:4245: connection refused']);
    expect(told.exitCode).toBe(3);
    expect(told.tookMs).toBeLessThan(20_000);
  });

  test('begins anew after a hole, if there is time', async () => {
    const play = reports((second) => (second >= 5 && second < 15 ? undefined : { talks: quiet }));
    expect((await new Stage(play).check('drops < 1/s for 10s', { timeoutMs: 60_000 })).lines).toEqual(['ok  drops 0/s < 1/s for 10 s, seen 100 %']);
    const told = await new Stage(play).check('drops < 1/s for 10s', { timeoutMs: 16_000 });
    expect(told.lines[0]).toMatch(/^unknown {2}drops < 1\/s for 10 s cannot be told: 12:00:\d\dZ was not fully observed/);
    expect(told.exitCode).toBe(3);
  });

  test('cannot tell what happened on a node that is away, unless it is enough to see the others', async () => {
    const play = reports(() => ({ talks: quiet, down: 'node-03' }));
    const told = await new Stage(play).check('drops < 1/s for 5s', { timeoutMs: 12_000 });
    expect(told.lines[0]).toMatch(/cannot be told: only 91.6 % was seen, at least 95 % is asked for/);
    expect((await new Stage(play).check('drops < 1/s for 5s', { leastSeen: 0.9 })).exitCode).toBe(0);
  });

  test('goes by the clock of the server, not by its own', async () => {
    const told = await new Stage(reports(() => ({ talks: quiet }), -3_600_000)).check('drops < 1/s for 10s');
    expect(told.exitCode).toBe(0);
    expect(told.tookMs).toBeLessThan(15_000);
  });

  test('cannot tell when it is stopped', async () => {
    const stage = new Stage(reports(() => ({ talks: quiet })));
    stage.interruptAt(80);
    const told = await stage.check('drops < 1/s for 30s');
    expect(told.lines).toEqual(['unknown  drops < 1/s for 30 s cannot be told: stopped before it was decided; so far 0/s, seen 100 %']);
    expect(told.exitCode).toBe(3);
  });

  test('asks for the flows of a pod, on a connection for each end', async () => {
    const talk = TALKS[0] as (typeof TALKS)[number];
    const stage = new Stage((tenth, { nowMs }) => (tenth === 1 ? [...LIVE] : tenth % 10 === 7 ? [{ type: 'telemetry', report: reportOf((tenth - 7) / 10, nowMs - 200) }] : [{ type: 'flows', bytes: framed(flowOf(talk, nowMs - 50)) }]));
    const told = await stage.check('flows(pod=payments/checkout-api) > 5/s for 10s and drops < 100/s for 10s');
    expect(told.lines).toEqual(['ok  flows(pod=payments/checkout-api) 9/s > 5/s for 10 s, seen 100 %', expect.stringMatching(/^ok {2}drops [\d.]+\/s < 100\/s for 10 s, seen 100 %$/)]);
    const asked = stage.requests.map((request) => JSON.stringify(request.whitelist));
    expect(asked.some((text) => text.startsWith('[{"source_pod":["payments/checkout-api"]}'))).toBe(true);
    expect(asked.some((text) => text.startsWith('[{"destination_pod":["payments/checkout-api"]}'))).toBe(true);
  });

  const stock = (lateMs: number) => new Stage((tenth, { nowMs }) => {
    if (tenth === 1) return [...LIVE.slice(0, 2), { type: 'telemetry-absent' }, { type: 'flows-state', isOpen: true }];
    return tenth < 3 ? [] : [{ type: 'flows', bytes: joined(quiet.map((talk) => framed(flowOf(talk, nowMs - lateMs)))) }];
  });

  test('counts the flows of a stock relay', async () => {
    const told = await stock(900).check('drops(ns=payments) == 0 for 10s and flows > 50/s for 10s and map < 90% for 10s');
    expect(told.lines.slice(0, 2)).toEqual(['ok       drops(ns=payments) 0 == 0 for 10 s, seen 100 %', 'ok       flows 80/s > 50/s for 10 s, seen 100 %']);
    expect(told.lines[2]).toBe('unknown  map < 90 % for 10 s cannot be told: nobody here tells map');
    expect(told.exitCode).toBe(3);
  });

  test.each([60_000, -60_000])('cannot tell from flows whose clock is %i ms off', async (lateMs) => {
    const told = await stock(lateMs).check('drops == 0 for 5s', { timeoutMs: 12_000 });
    expect(told.lines[0]).toMatch(/cannot be told: flows of relay:4245 are 60 s off this clock/);
  });
});
