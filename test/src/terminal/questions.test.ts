import { describe, expect, test } from 'vitest';
import { PROBE, Questions } from '../../../src/terminal/questions.ts';

const DEVICE = '[?62;4c';
const ANSWER = '[0n';
const FRAME = 1_500;

/** Questions of a terminal that has answered the first one after so many milliseconds. */
function answered(ms = 20): Questions {
  const questions = new Questions();
  questions.ask(1_000, { background: false, glyphs: false });
  questions.take(DEVICE, 1_000 + ms);
  return questions;
}

describe('Questions', () => {
  test('asks for the background first, so that the answer for the device comes last', () => {
    expect(new Questions().ask(0, { background: true, glyphs: false })).toBe('\x1b]11;?\x07\x1b[c');
    expect(new Questions().ask(0, { background: false, glyphs: false })).toBe('\x1b[c');
  });

  test('takes a background only between the question and the end of the answers', () => {
    const questions = new Questions();
    const light = ']11;rgb:ffff/ffff/ffff';
    expect(questions.take(light, 5)).toEqual({});
    questions.ask(10, { background: true, glyphs: false });
    expect(questions.take(light, 12)).toEqual({ background: 'light' });
    expect(questions.take(DEVICE, 13)).toEqual({});
    expect(questions.take(light, 14)).toEqual({});
    expect(questions.answerMs).toBe(3);
  });

  test('asks how wide a glyph is before all else, and takes the answer only then', () => {
    const questions = new Questions();
    expect(questions.take('[1;3R', 5)).toEqual({});
    expect(questions.ask(10, { background: true, glyphs: true })).toBe('\x1b[H●\x1b[6n\r\x1b[K\x1b]11;?\x07\x1b[c');
    expect(questions.take('[1;3R', 11)).toEqual({ glyphCells: 2 });
    expect(questions.take('[5;3R', 11)).toEqual({ background: undefined });
    questions.take(DEVICE, 12);
    expect(questions.take('[1;3R', 13)).toEqual({});
  });

  test('probes only a terminal that answers, and only behind enough bytes', () => {
    expect(new Questions().after(100_000, 0)).toBe('');
    const questions = answered();
    expect([questions.after(300, 0), questions.after(200, 0), questions.after(12, 0), questions.after(511, 0)]).toEqual(['', '', PROBE, '']);
  });

  test('is behind with two probes unanswered, and no longer with one', () => {
    const questions = answered();
    questions.after(FRAME, 2_000);
    expect(questions.isBehind(2_100)).toBe(false);
    questions.after(FRAME, 2_100);
    expect(questions.isBehind(2_150)).toBe(true);
    expect(questions.behindMs(2_400)).toBe(400);
    questions.take(ANSWER, 2_450);
    expect([questions.isBehind(2_450), questions.answerMs, questions.isOpen]).toEqual([false, 450, true]);
    questions.take(ANSWER, 2_500);
    expect([questions.isOpen, questions.behindMs(9_999)]).toEqual([false, 0]);
  });

  test('an answer that is lost holds nothing up for ever, one that comes twice or unasked counts for nothing', () => {
    const questions = answered();
    questions.after(FRAME, 2_000);
    questions.after(FRAME, 2_000);
    expect(questions.isBehind(6_900)).toBe(true);
    expect(questions.isBehind(7_100)).toBe(false);
    for (let i = 0; i < 5; i++) questions.take(ANSWER, 7_200);
    questions.after(FRAME, 7_300);
    questions.after(FRAME, 7_300);
    expect(questions.isBehind(7_400)).toBe(true);
  });

  test.each([[20, 150], [200, 600], [2_000, 1_500]])('with answers in %i ms a way out waits %i ms', (ms, expected) => {
    const questions = answered(ms);
    expect(questions.settleMs(5_000)).toBe(0);
    questions.after(FRAME, 5_000);
    expect(questions.settleMs(5_010)).toBe(expected);
    questions.forget();
    expect(questions.settleMs(5_010)).toBe(0);
  });

  test('a way out does not wait for a terminal that has never answered for a second', () => {
    const questions = new Questions();
    questions.ask(1_000, { background: true, glyphs: false });
    expect([questions.settleMs(1_500), questions.settleMs(2_001)]).toEqual([150, 0]);
  });

  // the law it is for: whatever the line's buffers take at once, the screen lags by two frames and not by minutes
  test.each([[2_000, 1], [8_000, 1], [40_000, 1]])('on a line of %i bytes a second what is shown is at most a few frames old', (bytesPerSecond) => {
    const questions = answered();
    const [frameBytes, stepMs] = [3_000, 100];
    let queue: { bytes: number; drawnMs: number; hasProbe: boolean }[] = [];
    let worstMs = 0;
    let shown = 0;
    for (let now = 10_000; now < 70_000; now += stepMs) {
      for (let room = (bytesPerSecond * stepMs) / 1000; room > 0 && queue.length > 0;) {
        const [first] = queue;
        if (first === undefined) break;
        const taken = Math.min(room, first.bytes);
        first.bytes -= taken;
        room -= taken;
        if (first.bytes > 0) break;
        queue = queue.slice(1);
        worstMs = Math.max(worstMs, now - first.drawnMs);
        shown++;
        if (first.hasProbe) questions.take(ANSWER, now);
      }
      if (questions.isBehind(now)) continue;
      queue.push({ bytes: frameBytes, drawnMs: now, hasProbe: questions.after(frameBytes, now) !== '' });
    }
    const frameMs = (frameBytes * 1000) / bytesPerSecond;
    expect(worstMs).toBeLessThanOrEqual(2 * frameMs + 2 * stepMs);
    // and the line is used: a frame follows the one before
    expect(shown).toBeGreaterThan(0.8 * Math.min(60_000 / frameMs, 600));
  });
});
