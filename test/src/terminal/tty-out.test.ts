import { describe, expect, test } from 'vitest';
import { LEAST_UPDATE, TtyOut } from '../../../src/terminal/tty-out.ts';
import type { ByteSink } from '../../../src/terminal/tty-sink.ts';

/** A terminal that takes `room` bytes, then nothing until it gets room again. */
class FakeTty implements ByteSink {
  text = '';
  room = Infinity;
  tryWrite = (bytes: Uint8Array): number => {
    const taken = Math.min(this.room, bytes.length);
    this.room -= taken;
    this.text += Buffer.from(bytes.subarray(0, taken)).toString('latin1');
    return taken;
  };
}

const marked = { marksUpdates: true };
const long = 'a'.repeat(LEAST_UPDATE);
const turn = (): Promise<void> => new Promise((resolve) => {
  setImmediate(resolve);
});

describe('TtyOut', () => {
  test('sends one turn of writes as one synchronized update', async () => {
    const tty = new FakeTty();
    const out = new TtyOut(tty, marked);
    out.write(long);
    out.write('b');
    await turn();
    expect(tty.text).toBe(`\x1b[?2026h${long}b\x1b[?2026l`);
    expect(out.isIdle).toBe(true);
  });

  test.each([['a terminal that would not know them', false, long], ['what arrives in one piece anyway', true, 'b']])('leaves the marks of an update out for %s', async (_what, marksUpdates, text) => {
    const tty = new FakeTty();
    new TtyOut(tty, { marksUpdates }).write(text);
    await turn();
    expect(tty.text).toBe(text);
  });

  test('flush() sends at once', () => {
    const tty = new FakeTty();
    const out = new TtyOut(tty, marked);
    out.write('now');
    out.flush();
    expect(tty.text).toBe('now');
  });

  test('a stalled terminal never blocks, is not idle, and gets the rest later', async () => {
    const tty = new FakeTty();
    tty.room = 3;
    const out = new TtyOut(tty, marked);
    out.write(long);
    await turn();
    expect(out.isIdle).toBe(false);
    expect(out.stalledMs(Date.now() + 5000)).toBeGreaterThan(4000);
    tty.room = Infinity;
    while (!out.isIdle) await new Promise((resolve) => { setTimeout(resolve, 5); });
    expect(tty.text).toBe(`\x1b[?2026h${long}\x1b[?2026l`);
  });

  test('finish() writes the last words in place of what waits, and gives up on a dead terminal', async () => {
    const tty = new FakeTty();
    tty.room = 0;
    const out = new TtyOut(tty, marked);
    out.write('waiting');
    await turn();
    const before = Date.now();
    out.finish('restore', 60);
    expect(Date.now() - before).toBeLessThan(500);
    expect(out.write('late')).toBe(false);
    const living = new FakeTty();
    const other = new TtyOut(living, marked);
    other.finish('restore', 60);
    expect(living.text).toBe('\x18restore');
  });

  test('says when the terminal is gone', async () => {
    const out = new TtyOut({ tryWrite: () => { throw new Error('EIO'); } }, marked);
    let gone = false;
    out.on('gone', () => {
      gone = true;
    });
    out.write('x');
    await turn();
    expect(gone).toBe(true);
  });
});
